import type { Question } from "../harness/question.ts";
declare const question: Question;
export default question;
//# sourceMappingURL=allocations.d.ts.map