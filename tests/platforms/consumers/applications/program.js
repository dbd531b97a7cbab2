// A program for Node and its like: prints both answers.
import { answer } from "./answer.js";

async function main() {
  console.log(JSON.stringify([await answer(), await answer()]));
}

main();
