// The conformance suite in a browser, by @carteiro/web: client and server in one page. The matrix has the client that speaks to
// servers elsewhere, through a bridge from WebSockets.

import { chromiumAbsent } from "../support/chromium.ts";
import { runInPage } from "./browser.ts";
import { declareReportedCases } from "./vitest.ts";

declareReportedCases("web", runInPage, chromiumAbsent);
