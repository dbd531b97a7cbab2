// VitePress's default theme without its web font: pages use the reader's own fonts.

import DefaultTheme from "vitepress/theme-without-fonts";
import { nextTick } from "vue";
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
  enhanceApp({ router }) {
    if (!import.meta.env.SSR) router.onAfterRouteChange = markContent;
  },
};
