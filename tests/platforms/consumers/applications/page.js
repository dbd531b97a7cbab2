// A page's script.
import { answer } from "./answer.js";

globalThis.answer = answer;
