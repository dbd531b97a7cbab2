import { answer } from "../../answer.js";

export const prerender = false;
export const GET = async () => Response.json(await answer());
