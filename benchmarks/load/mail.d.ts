export declare const hello = "EHLO client.example.net\r\n";
export declare const mail = "MAIL FROM:<sender@example.net>\r\n";
export declare const recipient = "RCPT TO:<recipient@example.org>\r\n";
/** RCPT for one of many. */
export declare const oneRecipient: (index: number) => string;
export declare const data = "DATA\r\n";
export declare const quit = "QUIT\r\n";
/** A mail of so many octets, its header included, in lines of 76; and the end of content behind it. */
export declare function content(octets: number): string;
//# sourceMappingURL=mail.d.ts.map