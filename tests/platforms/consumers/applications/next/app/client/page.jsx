"use client";
import { useEffect } from "react";
import { answer } from "../../answer.js";

export default function Page() {
  useEffect(() => {
    globalThis.answer = answer;
  }, []);
  return <p>holdover</p>;
}
