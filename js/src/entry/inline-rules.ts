// The rules of HTTP as text, decoded by the first call that needs them.

import { HTTP } from "../core/http.js";
import { provideTo } from "../core/modules.js";
import { bytesOf } from "../util/bytes.js";
import { httpText } from "./http-text.js";

const rules = () => bytesOf(httpText);

export function provideRules(): void {
  provideTo(HTTP, rules);
}
