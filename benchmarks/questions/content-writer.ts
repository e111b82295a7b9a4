// How fast is content made ready to be sent, every octet looked at for a bare CR or LF?

import type { Question } from "../harness/question.ts";
import { contentContender, contentFloors, contentMetrics, contentTargets } from "./content-reader.ts";

const question: Question = {
  title: "Content written, dots put in, bare newlines looked for in every octet",
  metrics: contentMetrics,
  contenders: [
    contentContender("Carteiro, rejecting", "rejectWritten"),
    contentContender("Carteiro, normalising", "normaliseWritten"),
    contentContender("nodemailer", "nodemailer"),
    ...contentFloors,
  ],
  targets: [...contentTargets("Carteiro, rejecting"), ...contentTargets("Carteiro, normalising")],
};
export default question;
