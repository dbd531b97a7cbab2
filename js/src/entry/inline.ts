// Every other host: the module travels as text and is decoded by the first call that needs it.

import { provide } from "../core.js";
import { base64 } from "./core-bytes.js";

provide(() => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)));

export * from "../index.js";
