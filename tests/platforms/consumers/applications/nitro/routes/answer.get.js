import { defineHandler } from "nitro/h3";
import { answer } from "../answer.js";

export default defineHandler(() => answer());
