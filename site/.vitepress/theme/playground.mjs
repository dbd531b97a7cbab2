// Places in a page for what begins in the browser, and ends when the page is left.

import { defineComponent, h, onBeforeUnmount, onMounted, ref } from "vue";

/** Makes a component of what builds itself in an element and returns a function that ends it. */
const mounted = (name, view) =>
  defineComponent(() => {
    const root = ref();
    let end;
    onMounted(async () => {
      const { mount } = await view();
      if (root.value) end = mount(root.value);
    });
    onBeforeUnmount(() => end?.());
    return () => h("div", { ref: root, class: name });
  });

export const Playground = mounted("playground", () => import("../../playground/view.mjs"));
export const WhatIf = mounted("playground what-if", () => import("../../what-if/view.mjs"));
