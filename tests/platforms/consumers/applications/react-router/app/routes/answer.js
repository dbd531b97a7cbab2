import { answer } from "../../answer.js";

export const loader = async () => Response.json(await answer());
