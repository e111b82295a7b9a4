// What kind of character a UTF-16 code unit is, for the checks that the command line makes of its values.

/** Whether this holds for every code unit of a text; true for the empty one. */
export function everyCode(text: string, holds: (code: number) => boolean): boolean {
  for (let index = 0; index < text.length; index++) {
    if (!holds(text.charCodeAt(index))) return false;
  }
  return true;
}

export function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** `Let-dig` of RFC 5321 §4.1.2. */
export function isLetterOrDigit(code: number): boolean {
  return isDigit(code) || (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a);
}

/** `CTL` of RFC 5234: C0 and DEL. */
export function isAsciiControl(code: number): boolean {
  return code < 0x20 || code === 0x7f;
}
