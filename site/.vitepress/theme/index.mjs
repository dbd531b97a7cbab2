// VitePress's default theme without its web font: pages use the reader's own fonts.

import DefaultTheme from "vitepress/theme-without-fonts";
import "./style.css";

export default DefaultTheme;
