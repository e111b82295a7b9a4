// What a program of the suite is told by its standard input: one JSON value.

export async function standardInput(): Promise<unknown> {
  let text = "";
  for await (const piece of process.stdin.setEncoding("utf8")) text += String(piece);
  return JSON.parse(text);
}
