// VitePress's default theme without its web font: pages use the reader's own fonts.

import { useData } from "vitepress";
import DefaultTheme from "vitepress/theme-without-fonts";
import { h, nextTick } from "vue";
import { Playground, WhatIf } from "./playground.mjs";
import "./style.css";

/** Marks the content of the front page as such; other pages have an element for it. */
async function markContent() {
  await nextTick();
  const content = document.querySelector(".VPContent");
  if (content?.classList.contains("is-home")) content.setAttribute("role", "main");
  else content?.removeAttribute("role");
}

export default {
  extends: DefaultTheme,
  Layout() {
    const { frontmatter } = useData();
    const below = () => {
      const { playground, whatIf } = frontmatter.value;
      if (playground) return h(Playground);
      return whatIf ? h(WhatIf) : undefined;
    };
    return h(DefaultTheme.Layout, null, { "doc-footer-before": below });
  },
  enhanceApp({ router }) {
    if (!import.meta.env.SSR) router.onAfterRouteChange = markContent;
  },
};
