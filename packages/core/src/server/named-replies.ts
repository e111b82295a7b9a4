// The replies that the chart calls for by name, those that depend on the session included.

import { reply, type Reply } from "../grammar/reply.ts";
import type { IncomingContent } from "./content.ts";
import type { ServerProfile } from "./options.ts";
import { checkReplies, fixedReplies, lmtpReplies, type ServerReplyName } from "./replies.ts";
import type { Standing } from "./standing.ts";

export interface Circumstances {
  readonly profile: ServerProfile;
  readonly standing: Standing;
}

/** @param content The content that the reply is about, if it is about one. */
export function namedReply(
  name: ServerReplyName,
  { profile, standing }: Circumstances,
  content: IncomingContent | undefined,
): Reply {
  switch (name) {
    case "greeting":
      return profile.own.greeting;
    case "hello":
      return standing.greeting;
    case "goodbye":
      return profile.own.goodbye;
    case "malformed":
      return checkReplies.badResponse;
    case "chunkOk":
      return reply(250, "2.0.0", `${content?.chunkOctets ?? 0} octets received`);
    case "contentRefused":
    case "violated":
      return fixedReplies.refused;
    default:
      return (profile.protocol === "lmtp" ? lmtpReplies[name] : undefined) ?? fixedReplies[name];
  }
}
