// What takes the place of secrets and of content: of the same length and, as far as the protocol looks at it, of the same
// form, so that a recording without them can be replayed.

const [capitalA, smallX, newlines] = [0x41, 0x78, 0x20];
const dot = 0x2e;

/** Base64 of as many octets, all of them 0. Other characters, the lone `*` of a cancellation among them, stay. */
export function blankBase64(octets: Uint8Array): Uint8Array {
  return octets.map((octet) => (isBase64(octet) ? capitalA : octet));
}

/** Content without what it says. Control characters, spaces, dots and octets over 127 stay what the protocol takes them for. */
export function blankContent(octets: Uint8Array): Uint8Array {
  return octets.map((octet) => {
    if (octet > 0x7e) return octet === 0x7f ? octet : 0xbf;
    return octet <= newlines || octet === dot ? octet : smallX;
  });
}

/** A URL without what authorises whoever has it (RFC 4467). */
export function blankUrl(url: string): string {
  const at = url.toLowerCase().indexOf("urlauth=");
  return at < 0 ? url : url.slice(0, at + 8) + Array.from(url.slice(at + 8), blankLetter).join("");
}

export function isBase64(octet: number): boolean {
  const letter = octet | 0x20;
  return (letter >= 0x61 && letter <= 0x7a) || (octet >= 0x30 && octet <= 0x39) || octet === 0x2b || octet === 0x2f;
}

function blankLetter(character: string): string {
  const isHex = character >= "0" && character <= "9";
  return isHex ? "0" : character.toLowerCase() === character.toUpperCase() ? character : "a";
}
