// Of the edge runtime.
import { answer } from "./answer.js";

export const config = { matcher: "/middleware" };
export const middleware = async () => Response.json(await answer("middleware"));
