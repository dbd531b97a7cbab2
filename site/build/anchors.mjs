// The anchors that typedoc writes into its pages: the one piece of HTML that pages may have.

const ANCHOR = /^<a id="[\w.-]+"><\/a>/;

/** Has a markdown parser keep these anchors as they are. */
export function keepAnchors({ inline, renderer }) {
  inline.ruler.before("link", "anchor_of_typedoc", (state, silent) => {
    const [anchor] = ANCHOR.exec(state.src.slice(state.pos, state.pos + 200)) ?? [];
    if (anchor === undefined) return false;
    if (!silent) state.push("anchor_of_typedoc", "", 0).content = anchor;
    state.pos += anchor.length;
    return true;
  });
  renderer.rules.anchor_of_typedoc = (tokens, at) => tokens[at].content;
}
