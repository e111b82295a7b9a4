// What a program of the suite is told by its standard input: a line of JSON, and by the end of the input that it is no longer needed.
// Not by a signal: some runtimes are started by a program that would not pass it on.

const { promise: line, resolve: tellLine } = Promise.withResolvers<string>();

/** Settles at the end of the input. */
export const inputEnded = new Promise<void>((resolve) => process.stdin.once("end", resolve));

/** The JSON value of the first line. */
export async function standardInput(): Promise<unknown> {
  return JSON.parse(await line);
}

let text = "";
process.stdin.setEncoding("utf8").on("data", (piece) => {
  text += String(piece);
  const end = text.indexOf("\n");
  if (end >= 0) tellLine(text.slice(0, end));
});
