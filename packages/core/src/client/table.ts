// The client's chart as a table. Generated from machine.ts by `npm run docs`: do not edit.

import type { ChartTable, TableMove, TableTransition } from "../engine/table.ts";

const m0: TableMove = {"next":11,"actions":[],"records":[]};
const m1: TableMove = {"next":27,"actions":[{"type":"fail","params":{"kind":"serviceClosing"}},{"type":"endTransaction"},{"type":"close"}],"records":[]};
const t2: TableTransition = { "forbids":false, move: m1 };
const l3: readonly TableTransition[] = [t2];
const m4: TableMove = {"next":2,"actions":[{"type":"rememberCapabilities"},{"type":"weigh"}],"records":[]};
const t5: TableTransition = { "forbids":false, move: m4 };
const l6: readonly TableTransition[] = [t5];
const m7: TableMove = {"next":26,"actions":[{"type":"fail","params":{"kind":"refused"}},{"type":"tellFailure"},{"type":"endTransaction"},{"type":"writeQuit"}],"records":[]};
const t8: TableTransition = { "forbids":false, move: m7 };
const l9: readonly TableTransition[] = [t8];
const t10: TableTransition = { "guard":{"type":"lmtp"},"forbids":false, move: m7 };
const m11: TableMove = {"next":1,"actions":[{"type":"writeHelo"}],"records":[]};
const t12: TableTransition = { "forbids":false, move: m11 };
const l13: readonly TableTransition[] = [t10, t12];
const m14: TableMove = {"next":27,"actions":[{"type":"fail","params":{"kind":"protocol"}},{"type":"endTransaction"},{"type":"close"}],"records":[]};
const t15: TableTransition = { "forbids":false, move: m14 };
const l16: readonly TableTransition[] = [t15];
const m17: TableMove = {"next":27,"actions":[{"type":"fail","params":{"kind":"timeout"}},{"type":"endTransaction"},{"type":"close"}],"records":[]};
const t18: TableTransition = { "forbids":false, move: m17 };
const l19: readonly TableTransition[] = [t18];
const m20: TableMove = {"next":27,"actions":[{"type":"fail","params":{"kind":"disconnected"}},{"type":"endTransaction"},{"type":"close"}],"records":[]};
const t21: TableTransition = { "forbids":false, move: m20 };
const l22: readonly TableTransition[] = [t21];
const m23: TableMove = {"next":27,"actions":[{"type":"fail","params":{"kind":"aborted"}},{"type":"endTransaction"},{"type":"close"}],"records":[]};
const t24: TableTransition = { "forbids":false, move: m23 };
const l25: readonly TableTransition[] = [t24];
const l26: readonly TableTransition[] = [];
const m27: TableMove = {"next":26,"actions":[{"type":"fail","params":{"kind":"tlsUnavailable"}},{"type":"tellFailure"},{"type":"endTransaction"},{"type":"writeQuit"}],"records":[]};
const t28: TableTransition = { "guard":{"type":"tlsUnavailable"},"forbids":false, move: m27 };
const m29: TableMove = {"next":3,"actions":[{"type":"writeStartTls"}],"records":[]};
const t30: TableTransition = { "guard":{"type":"tlsWanted"},"forbids":false, move: m29 };
const m31: TableMove = {"next":26,"actions":[{"type":"fail","params":{"kind":"authUnavailable"}},{"type":"tellFailure"},{"type":"endTransaction"},{"type":"writeQuit"}],"records":[]};
const t32: TableTransition = { "guard":{"type":"authUnavailable"},"forbids":false, move: m31 };
const m33: TableMove = {"next":5,"actions":[{"type":"askForCredentials"}],"records":[]};
const t34: TableTransition = { "guard":{"type":"credentialsDue"},"forbids":false, move: m33 };
const m35: TableMove = {"next":6,"actions":[{"type":"beginAuth"}],"records":[]};
const t36: TableTransition = { "guard":{"type":"authWanted"},"forbids":false, move: m35 };
const m37: TableMove = {"next":12,"actions":[{"type":"announceReady"},{"type":"endTransaction"}],"records":[]};
const t38: TableTransition = { "forbids":false, move: m37 };
const l39: readonly TableTransition[] = [t28, t30, t32, t34, t36, t38];
const m40: TableMove = {"next":4,"actions":[{"type":"startTls"}],"records":[]};
const t41: TableTransition = { "forbids":false, move: m40 };
const l42: readonly TableTransition[] = [t41];
const t43: TableTransition = { "guard":{"type":"tlsRequired"},"forbids":false, move: m27 };
const m44: TableMove = {"next":2,"actions":[{"type":"declineTls"},{"type":"weigh"}],"records":[]};
const t45: TableTransition = { "forbids":false, move: m44 };
const l46: readonly TableTransition[] = [t43, t45];
const m47: TableMove = {"next":0,"actions":[{"type":"startOver"},{"type":"writeEhlo"}],"records":[]};
const t48: TableTransition = { "forbids":false, move: m47 };
const l49: readonly TableTransition[] = [t48];
const m50: TableMove = {"next":27,"actions":[{"type":"fail","params":{"kind":"tlsFailed"}},{"type":"endTransaction"},{"type":"close"}],"records":[]};
const t51: TableTransition = { "forbids":false, move: m50 };
const l52: readonly TableTransition[] = [t51];
const m53: TableMove = {"next":2,"actions":[{"type":"weigh"}],"records":[]};
const t54: TableTransition = { "forbids":false, move: m53 };
const l55: readonly TableTransition[] = [t54];
const m56: TableMove = {"next":8,"actions":[{"type":"writeAuth"}],"records":[]};
const t57: TableTransition = { "forbids":false, move: m56 };
const l58: readonly TableTransition[] = [t57];
const m59: TableMove = {"next":9,"actions":[{"type":"writeAuth"}],"records":[]};
const t60: TableTransition = { "forbids":false, move: m59 };
const l61: readonly TableTransition[] = [t60];
const m62: TableMove = {"next":7,"actions":[{"type":"compute"}],"records":[]};
const t63: TableTransition = { "forbids":false, move: m62 };
const l64: readonly TableTransition[] = [t63];
const m65: TableMove = {"next":2,"actions":[{"type":"dismissMechanism"},{"type":"weigh"}],"records":[]};
const t66: TableTransition = { "forbids":false, move: m65 };
const l67: readonly TableTransition[] = [t66];
const m68: TableMove = {"next":10,"actions":[{"type":"fail","params":{"kind":"protocol"}},{"type":"cancelAuth"}],"records":[]};
const t69: TableTransition = { "forbids":false, move: m68 };
const l70: readonly TableTransition[] = [t69];
const m71: TableMove = {"next":10,"actions":[{"type":"cancelAuth"}],"records":[]};
const t72: TableTransition = { "forbids":false, move: m71 };
const l73: readonly TableTransition[] = [t72];
const m74: TableMove = {"next":10,"actions":[{"type":"fail","params":{"kind":"authUntrusted"}},{"type":"cancelAuth"}],"records":[]};
const t75: TableTransition = { "forbids":false, move: m74 };
const l76: readonly TableTransition[] = [t75];
const m77: TableMove = {"next":10,"actions":[{"type":"fail","params":{"kind":"authUnavailable"}},{"type":"cancelAuth"}],"records":[]};
const t78: TableTransition = { "forbids":false, move: m77 };
const l79: readonly TableTransition[] = [t78];
const m80: TableMove = {"next":6,"actions":[{"type":"takeResult"}],"records":[]};
const t81: TableTransition = { "forbids":false, move: m80 };
const l82: readonly TableTransition[] = [t81];
const m83: TableMove = {"next":26,"actions":[{"type":"fail","params":{"kind":"authUntrusted"}},{"type":"tellFailure"},{"type":"endTransaction"},{"type":"writeQuit"}],"records":[]};
const t84: TableTransition = { "guard":{"type":"serverProves"},"forbids":false, move: m83 };
const m85: TableMove = {"next":26,"actions":[{"type":"fail","params":{"kind":"protocol"}},{"type":"tellFailure"},{"type":"endTransaction"},{"type":"writeQuit"}],"records":[]};
const t86: TableTransition = { "forbids":false, move: m85 };
const l87: readonly TableTransition[] = [t84, t86];
const m88: TableMove = {"next":6,"actions":[{"type":"takeChallenge"}],"records":[]};
const t89: TableTransition = { "forbids":false, move: m88 };
const l90: readonly TableTransition[] = [t89];
const t91: TableTransition = { "forbids":false, move: m31 };
const l92: readonly TableTransition[] = [t91];
const m93: TableMove = {"next":5,"actions":[{"type":"forgetCredentials"},{"type":"askForCredentials"}],"records":[]};
const t94: TableTransition = { "guard":{"type":"credentialsDue"},"forbids":false, move: m93 };
const t95: TableTransition = { "guard":{"type":"mechanismRefused"},"forbids":false, move: m31 };
const m96: TableMove = {"next":26,"actions":[{"type":"fail","params":{"kind":"authRefused"}},{"type":"tellFailure"},{"type":"endTransaction"},{"type":"writeQuit"}],"records":[]};
const t97: TableTransition = { "forbids":false, move: m96 };
const l98: readonly TableTransition[] = [t94, t95, t97];
const m99: TableMove = {"next":2,"actions":[{"type":"rememberAuthentication"},{"type":"weigh"}],"records":[]};
const t100: TableTransition = { "forbids":false, move: m99 };
const l101: readonly TableTransition[] = [t100];
const l102: readonly TableTransition[] = [t97];
const m103: TableMove = {"next":27,"actions":[{"type":"fail","params":{"kind":"authRefused"}},{"type":"endTransaction"},{"type":"close"}],"records":[]};
const t104: TableTransition = { "forbids":false, move: m103 };
const l105: readonly TableTransition[] = [t104];
const m106: TableMove = {"next":0,"actions":[{"type":"rememberGreeting"},{"type":"writeEhlo"}],"records":[]};
const t107: TableTransition = { "forbids":false, move: m106 };
const l108: readonly TableTransition[] = [t107];
const m109: TableMove = {"next":26,"actions":[{"type":"endTransaction"},{"type":"writeQuit"}],"records":[]};
const t110: TableTransition = { "forbids":false, move: m109 };
const l111: readonly TableTransition[] = [t110];
const m112: TableMove = {"next":14,"actions":[{"type":"openTransaction"},{"type":"writeMail"}],"records":[]};
const t113: TableTransition = { "forbids":false, move: m112 };
const l114: readonly TableTransition[] = [t113];
const m115: TableMove = {"next":13,"actions":[{"type":"writeQuestion"}],"records":[]};
const t116: TableTransition = { "forbids":false, move: m115 };
const l117: readonly TableTransition[] = [t116];
const m118: TableMove = {"next":12,"actions":[{"type":"tellAnswer"},{"type":"endTransaction"}],"records":[]};
const t119: TableTransition = { "forbids":false, move: m118 };
const l120: readonly TableTransition[] = [t119];
const m121: TableMove = {"next":15,"actions":[{"type":"writeRecipient"}],"records":[]};
const t122: TableTransition = { "forbids":false, move: m121 };
const l123: readonly TableTransition[] = [t122];
const m124: TableMove = {"next":15,"actions":[{"type":"refuseAll"},{"type":"writeRecipient"}],"records":[]};
const t125: TableTransition = { "guard":{"type":"pipelined"},"forbids":false, move: m124 };
const m126: TableMove = {"next":12,"actions":[{"type":"refuseAll"},{"type":"endTransaction"}],"records":[]};
const t127: TableTransition = { "forbids":false, move: m126 };
const l128: readonly TableTransition[] = [t125, t127];
const m129: TableMove = {"next":15,"actions":[{"type":"recordRecipient"},{"type":"writeRecipient"}],"records":[]};
const t130: TableTransition = { "guard":{"type":"moreRecipients"},"forbids":false, move: m129 };
const m131: TableMove = {"next":25,"actions":[{"type":"recordRecipient"},{"type":"writeReset"}],"records":[]};
const t132: TableTransition = { "guard":{"type":"nothingToSend"},"forbids":false, move: m131 };
const m133: TableMove = {"next":18,"actions":[{"type":"recordRecipient"},{"type":"startContent"}],"records":[]};
const t134: TableTransition = { "guard":{"type":"chunked"},"forbids":false, move: m133 };
const m135: TableMove = {"next":16,"actions":[{"type":"recordRecipient"},{"type":"writeData"}],"records":[]};
const t136: TableTransition = { "forbids":false, move: m135 };
const l137: readonly TableTransition[] = [t130, t132, t134, t136];
const m138: TableMove = {"next":12,"actions":[{"type":"recordRecipient"},{"type":"endTransaction"}],"records":[]};
const t139: TableTransition = { "guard":{"type":"nothingToSend"},"forbids":false, move: m138 };
const t140: TableTransition = { "guard":{"type":"dataDue"},"forbids":false, move: m135 };
const t141: TableTransition = { "guard":{"type":"recipientAccepted"},"forbids":false, move: m133 };
const t142: TableTransition = { "forbids":false, move: m131 };
const l143: readonly TableTransition[] = [t130, t139, t140, t141, t142];
const m144: TableMove = {"next":17,"actions":[{"type":"startContent"}],"records":[]};
const t145: TableTransition = { "guard":{"type":"recipientAccepted"},"forbids":false, move: m144 };
const t146: TableTransition = { "guard":{"type":"lmtp"},"forbids":false, move: m14 };
const m147: TableMove = {"next":24,"actions":[{"type":"writeEndOfContent"}],"records":[]};
const t148: TableTransition = { "forbids":false, move: m147 };
const l149: readonly TableTransition[] = [t145, t146, t148];
const m150: TableMove = {"next":25,"actions":[{"type":"refuseAll"},{"type":"writeReset"}],"records":[]};
const t151: TableTransition = { "forbids":false, move: m150 };
const l152: readonly TableTransition[] = [t151];
const m153: TableMove = {"next":22,"actions":[{"type":"writeEndOfContent"}],"records":[]};
const t154: TableTransition = { "guard":{"type":"lmtp"},"forbids":false, move: m153 };
const m155: TableMove = {"next":21,"actions":[{"type":"writeEndOfContent"}],"records":[]};
const t156: TableTransition = { "forbids":false, move: m155 };
const l157: readonly TableTransition[] = [t154, t156];
const m158: TableMove = {"next":27,"actions":[{"type":"recordContentReply"},{"type":"fail","params":{"kind":"refused"}},{"type":"endTransaction"},{"type":"close"}],"records":[]};
const t159: TableTransition = { "forbids":false, move: m158 };
const l160: readonly TableTransition[] = [t159];
const m161: TableMove = {"next":18,"actions":[{"type":"recordChunk"}],"records":[]};
const t162: TableTransition = { "guard":{"type":"chunkAwaited"},"forbids":false, move: m161 };
const l163: readonly TableTransition[] = [t162, t15];
const m164: TableMove = {"next":20,"actions":[{"type":"refuseContent"}],"records":[]};
const t165: TableTransition = { "guard":{"type":"moreChunks"},"forbids":false, move: m164 };
const m166: TableMove = {"next":25,"actions":[{"type":"refuseContent"},{"type":"writeReset"}],"records":[]};
const t167: TableTransition = { "guard":{"type":"chunkAwaited"},"forbids":false, move: m166 };
const l168: readonly TableTransition[] = [t165, t167, t159];
const m169: TableMove = {"next":19,"actions":[{"type":"writeEndOfContent"}],"records":[]};
const t170: TableTransition = { "guard":{"type":"chunkAwaited"},"forbids":false, move: m169 };
const l171: readonly TableTransition[] = [t170, t154, t156];
const m172: TableMove = {"next":19,"actions":[{"type":"recordChunk"}],"records":[]};
const t173: TableTransition = { "guard":{"type":"moreChunks"},"forbids":false, move: m172 };
const m174: TableMove = {"next":22,"actions":[{"type":"recordChunk"}],"records":[]};
const t175: TableTransition = { "guard":{"type":"lmtp"},"forbids":false, move: m174 };
const m176: TableMove = {"next":21,"actions":[{"type":"recordChunk"}],"records":[]};
const t177: TableTransition = { "forbids":false, move: m176 };
const l178: readonly TableTransition[] = [t173, t175, t177];
const t179: TableTransition = { "forbids":false, move: m164 };
const l180: readonly TableTransition[] = [t179];
const m181: TableMove = {"next":20,"actions":[{"type":"recordChunk"}],"records":[]};
const t182: TableTransition = { "guard":{"type":"moreChunks"},"forbids":false, move: m181 };
const m183: TableMove = {"next":27,"actions":[{"type":"contradictRefusal"},{"type":"fail","params":{"kind":"protocol"}},{"type":"endTransaction"},{"type":"close"}],"records":[]};
const t184: TableTransition = { "guard":{"type":"lastChunkAwaited"},"forbids":false, move: m183 };
const m185: TableMove = {"next":25,"actions":[{"type":"recordChunk"},{"type":"writeReset"}],"records":[]};
const t186: TableTransition = { "forbids":false, move: m185 };
const l187: readonly TableTransition[] = [t182, t184, t186];
const l188: readonly TableTransition[] = [t182, t186];
const m189: TableMove = {"next":12,"actions":[{"type":"recordContentReply"},{"type":"endTransaction"}],"records":[]};
const t190: TableTransition = { "forbids":false, move: m189 };
const l191: readonly TableTransition[] = [t190];
const m192: TableMove = {"next":22,"actions":[{"type":"awaitVerdicts"}],"records":[]};
const t193: TableTransition = { "guard":{"type":"prdr"},"forbids":false, move: m192 };
const l194: readonly TableTransition[] = [t193, t15];
const m195: TableMove = {"next":22,"actions":[{"type":"recordVerdict"}],"records":[]};
const t196: TableTransition = { "guard":{"type":"moreVerdicts"},"forbids":false, move: m195 };
const m197: TableMove = {"next":23,"actions":[{"type":"recordVerdict"}],"records":[]};
const t198: TableTransition = { "guard":{"type":"prdr"},"forbids":false, move: m197 };
const m199: TableMove = {"next":12,"actions":[{"type":"recordVerdict"},{"type":"endTransaction"}],"records":[]};
const t200: TableTransition = { "forbids":false, move: m199 };
const l201: readonly TableTransition[] = [t196, t198, t200];
const m202: TableMove = {"next":12,"actions":[{"type":"endTransaction"}],"records":[]};
const t203: TableTransition = { "forbids":false, move: m202 };
const l204: readonly TableTransition[] = [t203];
const m205: TableMove = {"next":26,"actions":[{"type":"fail","params":{"kind":"protocol"}},{"type":"endTransaction"},{"type":"writeQuit"}],"records":[]};
const t206: TableTransition = { "forbids":false, move: m205 };
const l207: readonly TableTransition[] = [t206];
const m208: TableMove = {"next":27,"actions":[{"type":"endTransaction"},{"type":"close"}],"records":[]};
const t209: TableTransition = { "forbids":false, move: m208 };
const l210: readonly TableTransition[] = [t209];

export const clientTable: ChartTable = {
  start: m0,
  rows: [
    { "state":"opening.expectingEhloReply","meta":{"rfc":"RFC 5321 §4.1.1.1, RFC 2033 §4.1","timeout":"hello"},"done":false, on: { "421": l3, "2yz": l6, "4yz": l9, "5yz": l13, "3yz": l16, "violated": l16, "elapsed": l19, "ended": l22, "abort": l25 }, otherwise: l26 },
    { "state":"opening.expectingHeloReply","meta":{"rfc":"RFC 5321 §3.2","timeout":"hello"},"done":false, on: { "421": l3, "2yz": l6, "4yz": l9, "5yz": l9, "3yz": l16, "violated": l16, "elapsed": l19, "ended": l22, "abort": l25 }, otherwise: l26 },
    { "state":"opening.weighing","meta":{"rfc":"RFC 3207 §4, RFC 4954 §4","timeout":"hello"},"done":false, on: { "421": l3, "weighed": l39, "2yz": l16, "3yz": l16, "4yz": l16, "5yz": l16, "violated": l16, "elapsed": l19, "ended": l22, "abort": l25 }, otherwise: l26 },
    { "state":"opening.expectingStartTlsReply","meta":{"rfc":"RFC 3207 §4","timeout":"hello"},"done":false, on: { "421": l3, "2yz": l42, "4yz": l46, "5yz": l46, "3yz": l16, "violated": l16, "elapsed": l19, "ended": l22, "abort": l25 }, otherwise: l26 },
    { "state":"opening.securing","meta":{"rfc":"RFC 3207 §4.2","timeout":"tls","wants":"intent"},"done":false, on: { "421": l3, "secured": l49, "ended": l52, "2yz": l16, "3yz": l16, "4yz": l16, "5yz": l16, "violated": l16, "elapsed": l19, "abort": l25 }, otherwise: l26 },
    { "state":"opening.expectingCredentials","meta":{"rfc":"RFC 4954 §4","timeout":"hello","wants":"either"},"done":false, on: { "421": l3, "authenticate": l55, "2yz": l16, "3yz": l16, "4yz": l16, "5yz": l16, "violated": l16, "elapsed": l19, "ended": l22, "abort": l25 }, otherwise: l26 },
    { "state":"opening.stepping","meta":{"rfc":"RFC 4422 §3","timeout":"hello"},"done":false, on: { "421": l3, "responded": l58, "concluded": l61, "computing": l64, "unusable": l67, "garbled": l70, "denied": l73, "distrusted": l76, "incomputable": l79, "2yz": l16, "3yz": l16, "4yz": l16, "5yz": l16, "violated": l16, "elapsed": l19, "ended": l22, "abort": l25 }, otherwise: l26 },
    { "state":"opening.computing","meta":{"rfc":"RFC 5802 §3","timeout":"hello","wants":"intent"},"done":false, on: { "421": l3, "computed": l82, "2yz": l16, "3yz": l16, "4yz": l16, "5yz": l16, "violated": l16, "elapsed": l19, "ended": l22, "abort": l25 }, otherwise: l26 },
    { "state":"opening.expectingChallenge","meta":{"rfc":"RFC 4954 §4, RFC 5802 §5","timeout":"hello"},"done":false, on: { "421": l3, "2yz": l87, "3yz": l90, "4yz": l92, "5yz": l98, "violated": l16, "elapsed": l19, "ended": l22, "abort": l25 }, otherwise: l26 },
    { "state":"opening.expectingAuthReply","meta":{"rfc":"RFC 4954 §4","timeout":"hello"},"done":false, on: { "421": l3, "2yz": l101, "3yz": l90, "4yz": l92, "5yz": l98, "violated": l16, "elapsed": l19, "ended": l22, "abort": l25 }, otherwise: l26 },
    { "state":"opening.expectingCancelReply","meta":{"rfc":"RFC 4954 §4","timeout":"hello"},"done":false, on: { "421": l3, "2yz": l102, "3yz": l105, "4yz": l102, "5yz": l102, "violated": l16, "elapsed": l19, "ended": l22, "abort": l25 }, otherwise: l26 },
    { "state":"expectingGreeting","meta":{"rfc":"RFC 5321 §3.1","timeout":"greeting"},"done":false, on: { "421": l3, "2yz": l108, "4yz": l9, "5yz": l9, "3yz": l16, "violated": l16, "elapsed": l19, "ended": l22, "abort": l25 }, otherwise: l26 },
    { "state":"ready","meta":{"rfc":"RFC 5321 §3.3","timeout":"idle","wants":"either"},"done":false, on: { "421": l3, "quit": l111, "send": l114, "ask": l117, "elapsed": l111, "2yz": l16, "3yz": l16, "4yz": l16, "5yz": l16, "violated": l16, "ended": l22, "abort": l25 }, otherwise: l26 },
    { "state":"expectingAnswer","meta":{"rfc":"RFC 5321 §3.5, §4.1.1.5–9","timeout":"command"},"done":false, on: { "421": l3, "2yz": l120, "4yz": l120, "5yz": l120, "3yz": l16, "violated": l16, "elapsed": l19, "ended": l22, "abort": l25 }, otherwise: l26 },
    { "state":"transaction.expectingMailReply","meta":{"rfc":"RFC 5321 §4.1.1.2, RFC 2920 §3.1","timeout":"command"},"done":false, on: { "421": l3, "2yz": l123, "4yz": l128, "5yz": l128, "3yz": l16, "violated": l16, "elapsed": l19, "ended": l22, "abort": l25 }, otherwise: l26 },
    { "state":"transaction.expectingRecipientReply","meta":{"rfc":"RFC 5321 §4.1.1.3","timeout":"command"},"done":false, on: { "421": l3, "2yz": l137, "4yz": l143, "5yz": l143, "3yz": l16, "violated": l16, "elapsed": l19, "ended": l22, "abort": l25 }, otherwise: l26 },
    { "state":"transaction.expectingDataReply","meta":{"rfc":"RFC 5321 §4.1.1.4","timeout":"data"},"done":false, on: { "421": l3, "3yz": l149, "4yz": l152, "5yz": l152, "2yz": l16, "violated": l16, "elapsed": l19, "ended": l22, "abort": l25 }, otherwise: l26 },
    { "state":"transaction.sendingContent","meta":{"rfc":"RFC 5321 §4.1.1.4, §4.5.2","timeout":"block","wants":"either"},"done":false, on: { "421": l3, "endContent": l157, "4yz": l160, "5yz": l160, "2yz": l16, "3yz": l16, "violated": l16, "elapsed": l19, "ended": l22, "abort": l25 }, otherwise: l26 },
    { "state":"transaction.sendingChunks","meta":{"rfc":"RFC 3030 §2","timeout":"block","wants":"either"},"done":false, on: { "421": l3, "2yz": l163, "4yz": l168, "5yz": l168, "endContent": l171, "3yz": l16, "violated": l16, "elapsed": l19, "ended": l22, "abort": l25 }, otherwise: l26 },
    { "state":"transaction.expectingChunkReply","meta":{"rfc":"RFC 3030 §2","timeout":"contentEnd"},"done":false, on: { "421": l3, "2yz": l178, "4yz": l180, "5yz": l180, "3yz": l16, "violated": l16, "elapsed": l19, "ended": l22, "abort": l25 }, otherwise: l26 },
    { "state":"transaction.expectingLeftoverReply","meta":{"rfc":"RFC 3030 §2","timeout":"contentEnd"},"done":false, on: { "421": l3, "2yz": l187, "4yz": l188, "5yz": l188, "3yz": l16, "violated": l16, "elapsed": l19, "ended": l22, "abort": l25 }, otherwise: l26 },
    { "state":"transaction.expectingContentReply","meta":{"rfc":"RFC 5321 §4.1.1.4, §4.5.3.2.6","timeout":"contentEnd"},"done":false, on: { "421": l3, "2yz": l191, "3yz": l194, "4yz": l191, "5yz": l191, "violated": l16, "elapsed": l19, "ended": l22, "abort": l25 }, otherwise: l26 },
    { "state":"transaction.expectingIndividualReply","meta":{"rfc":"RFC 2033 §4.2","timeout":"contentEnd"},"done":false, on: { "421": l3, "2yz": l201, "4yz": l201, "5yz": l201, "3yz": l16, "violated": l16, "elapsed": l19, "ended": l22, "abort": l25 }, otherwise: l26 },
    { "state":"transaction.expectingOverallReply","meta":{"rfc":"RFC 5321 §4.1.1.4","timeout":"contentEnd"},"done":false, on: { "421": l3, "2yz": l191, "4yz": l191, "5yz": l191, "3yz": l16, "violated": l16, "elapsed": l19, "ended": l22, "abort": l25 }, otherwise: l26 },
    { "state":"transaction.expectingEmptyContentReply","meta":{"rfc":"RFC 2920 §3.1","timeout":"contentEnd"},"done":false, on: { "421": l3, "2yz": l204, "4yz": l204, "5yz": l204, "3yz": l16, "violated": l16, "elapsed": l19, "ended": l22, "abort": l25 }, otherwise: l26 },
    { "state":"transaction.expectingResetReply","meta":{"rfc":"RFC 5321 §4.1.1.5","timeout":"command"},"done":false, on: { "421": l3, "2yz": l204, "4yz": l207, "5yz": l207, "3yz": l16, "violated": l16, "elapsed": l19, "ended": l22, "abort": l25 }, otherwise: l26 },
    { "state":"expectingQuitReply","meta":{"rfc":"RFC 5321 §4.1.1.10","timeout":"quit"},"done":false, on: { "421": l210, "2yz": l210, "3yz": l210, "4yz": l210, "5yz": l210, "elapsed": l210, "ended": l210, "violated": l210, "abort": l25 }, otherwise: l26 },
    { "state":"closed","meta":{"rfc":"RFC 5321 §4.1.1.10"},"done":true, on: {  }, otherwise: l26 },
  ],
};
