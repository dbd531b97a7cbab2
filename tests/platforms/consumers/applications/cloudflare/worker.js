import { answer } from "./answer.js";

export default {
  async fetch() {
    return Response.json(await answer());
  },
};
