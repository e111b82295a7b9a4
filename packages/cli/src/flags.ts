// Every flag of the command line, once: what the parser accepts, what --help lists and what the documentation must name.

import type { Flag } from "./settings.ts";

/** What holds where neither flag nor file says otherwise. */
export const serveDefaults = {
  data: "./carteiro-data",
  host: "127.0.0.1",
  relayPort: 2525,
  submissionPort: 2587,
  submissionsPort: 2465,
  domain: "example.org",
  /** 25 MiB. */
  maxSize: 25 * 1024 ** 2,
  /** As many as RFC 5321 §4.5.3.1.8 asks for. */
  maxRecipients: 100,
  /** As long as RFC 5321 §4.5.3.2.7 asks for. */
  idleTimeoutSeconds: 300,
} as const;

export const serveFlags = [
  { name: "config", value: "FILE", key: false, help: "read settings from JSON; a flag wins over it" },
  { name: "data", value: "DIR", help: `for mail and certificate (${serveDefaults.data})` },
  { name: "host", value: "HOST", help: `address to listen on (${serveDefaults.host})` },
  { name: "relay-port", value: "PORT", help: `from servers, for local domains only (${serveDefaults.relayPort})` },
  { name: "submission-port", value: "PORT", help: `from users, STARTTLS and AUTH (${serveDefaults.submissionPort})` },
  {
    name: "submissions-port",
    value: "PORT",
    help: `from users, TLS from the start (${serveDefaults.submissionsPort})`,
  },
  { name: "hostname", value: "NAME", help: "this server's own name (the first domain)" },
  {
    name: "domain",
    value: "DOMAIN",
    repeatable: true,
    key: "domains",
    help: `deliver here for this domain (${serveDefaults.domain})`,
  },
  {
    name: "user",
    value: "ADDRESS:PASSWORD",
    repeatable: true,
    key: "users",
    help: "a mailbox; no password: nobody logs in to it",
  },
  { name: "tls-cert", value: "FILE", help: "certificate chain in PEM (one of our making)" },
  { name: "tls-key", value: "FILE", help: "its private key in PEM" },
  { name: "max-size", value: "N[K|M|G]", help: "greatest message, in octets (25M)" },
  { name: "max-recipients", value: "N", help: `most recipients of a message (${serveDefaults.maxRecipients})` },
  { name: "idle-timeout", value: "SECONDS", help: `wait so long for a client (${serveDefaults.idleTimeoutSeconds})` },
  { name: "bare-newlines", value: "POLICY", help: "bare CR or LF in content: (reject) or normalise" },
  { name: "trace", help: "show each dialogue, and the session's state" },
  { name: "record", value: "FOLDER", help: "record each session in a file, no passwords" },
  { name: "fault", value: "RULE", repeatable: true, key: "faults", help: "break connections on purpose: see below" },
  { name: "json", help: "one JSON object a line instead of text" },
] as const satisfies readonly Flag[];

export const sendFlags = [
  { name: "host", value: "HOST", help: "the server" },
  { name: "port", value: "PORT", help: "its port" },
  { name: "from", value: "ADDRESS", help: "the sender; <> is nobody, as in a report" },
  { name: "to", value: "ADDRESS", repeatable: true, help: "a recipient; give it once for each" },
  { name: "tls", value: "POLICY", help: "never, opportunistic, required or implicit" },
  { name: "ca", value: "FILE", help: "trust the authorities in this PEM file only" },
  { name: "server-name", value: "NAME", help: "the name in the certificate (the host)" },
  { name: "auth", value: "USER[:PASSWORD]", help: "log in; or password in CARTEIRO_PASSWORD" },
  { name: "token", help: "log in by the token in CARTEIRO_TOKEN" },
  { name: "mechanism", value: "NAME", repeatable: true, help: "log in by this mechanism only, as PLAIN" },
  { name: "hello", value: "NAME", help: "the name that we give in EHLO" },
  { name: "timeout", value: "SECONDS", help: "give up after so long in all" },
  { name: "subject", value: "TEXT", help: "compose a message with this subject" },
  { name: "text", value: "TEXT", help: "compose a message with this text" },
  { name: "body", value: "TEXT", help: "the same as --text" },
  { name: "trace", help: "show the dialogue" },
  { name: "record", value: "FILE", help: "record the session, no passwords" },
  { name: "json", help: "the result as one JSON object" },
  { name: "quiet", help: "say nothing; the exit code tells" },
] as const satisfies readonly Flag[];

export const replayFlags = [
  { name: "shrink", help: "show the least session that still differs" },
  { name: "line", value: "TEXT", help: "shrink to a session that still says this" },
] as const satisfies readonly Flag[];

export const traceFlags = [
  { name: "html", help: "one page of HTML, with the state chart" },
] as const satisfies readonly Flag[];

export type ReplayFlag = (typeof replayFlags)[number]["name"];
export type TraceFlag = (typeof traceFlags)[number]["name"];
export type ServeFlag = (typeof serveFlags)[number]["name"];
export type SendFlag = (typeof sendFlags)[number]["name"];
