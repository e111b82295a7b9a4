// The mail that the servers are sent.

export const hello = "EHLO client.example.net\r\n";
export const mail = "MAIL FROM:<sender@example.net>\r\n";
export const recipient = "RCPT TO:<recipient@example.org>\r\n";
/** RCPT for one of many. */
export const oneRecipient = (index: number) => `RCPT TO:<recipient${index}@example.org>\r\n`;
export const data = "DATA\r\n";
export const quit = "QUIT\r\n";

const header = [
  "From: Sender <sender@example.net>",
  "To: Recipient <recipient@example.org>",
  "Subject: A carrier's round",
  "Date: Mon, 02 Nov 2026 09:00:00 +0000",
  "Message-ID: <1@example.net>",
  "MIME-Version: 1.0",
  "Content-Type: text/plain; charset=utf-8",
  "",
  "",
].join("\r\n");
const prose = "The carrier walks the same streets each day, in rain and in sun, and knows\r\n";

/** A mail of so many octets, its header included, in lines of 76; and the end of content behind it. */
export function content(octets: number): string {
  const lines = Math.max(0, Math.floor((octets - header.length) / prose.length));
  const whole = header + prose.repeat(lines);
  const rest = octets - whole.length;
  return `${whole}${rest >= 2 ? `${"x".repeat(rest - 2)}\r\n` : ""}.\r\n`;
}
