// The groups of pages, read from the page that lists them all.

/** Returns the groups of a list of contents: titles, each with the texts and paths of its links. */
export function groupsOf(markdown) {
  const [, ...sections] = markdown.split(/^## /m);
  return sections.map((section) => {
    const [title] = section.split("\n", 1);
    const links = [...section.matchAll(/^[-*] \[(.+?)\]\((?:\.\/)?([^)#]+?)\)/gm)];
    return {
      title,
      links: links.map(([, text, path]) => ({
        text,
        path: path.replace(/\.md$/, "").replace(/^api\/index$/, "api/"),
      })),
    };
  });
}
