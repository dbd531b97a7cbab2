// The playground's place in a page: it begins in the browser, and ends when the page is left.

import { defineComponent, h, onBeforeUnmount, onMounted, ref } from "vue";

export const Playground = defineComponent(() => {
  const root = ref();
  let end;
  onMounted(async () => {
    const { mount } = await import("../../playground/view.mjs");
    if (root.value) end = mount(root.value);
  });
  onBeforeUnmount(() => end?.());
  return () => h("div", { ref: root, class: "playground" });
});
