// Bare newlines made whole, for readers that are told to normalise.

// Not imported: V8 looks an imported constant up anew at every octet, which makes the loops here two times as slow.
const CR = 0x0d;
const LF = 0x0a;

/**
 * The octets with CRLF in the place of each bare CR or LF; themselves where there is none.
 *
 * A text comes in pieces: where the piece before ended with a CR, say so, and what was missing behind it is put in front.
 * A CR at the end of this piece is left for the next one to complete.
 */
export function normalised(octets: Uint8Array, afterCarriageReturn: boolean): Uint8Array {
  const missing = missingIn(octets, afterCarriageReturn);
  if (missing === 0) return octets;
  const whole = new Uint8Array(octets.length + missing);
  let at = 0;
  let previous = afterCarriageReturn ? CR : 0;
  for (const octet of octets) {
    if (previous === CR ? octet !== LF : octet === LF) whole[at++] = previous === CR ? LF : CR;
    whole[at++] = octet;
    previous = octet;
  }
  return whole;
}

function missingIn(octets: Uint8Array, afterCarriageReturn: boolean): number {
  let missing = 0;
  let previous = afterCarriageReturn ? CR : 0;
  for (const octet of octets) {
    if (previous === CR ? octet !== LF : octet === LF) missing += 1;
    previous = octet;
  }
  return missing;
}
