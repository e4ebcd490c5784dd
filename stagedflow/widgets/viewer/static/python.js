import { h } from "./elements.js";

/** Python's comments, strings and keywords, line after line: a string may run over several. */
export function painter() {
  const tokens = /("""|''')|("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(#.*)|(@[\w.]+)|\b(False|None|True|and|as|assert|async|await|break|class|continue|def|del|elif|else|except|finally|for|from|global|if|import|in|is|lambda|match|nonlocal|not|or|pass|raise|return|try|while|with|yield)\b/g;
  let open = null;
  return (line) => {
    const pieces = [];
    let at = 0;
    const add = (to, css) => {
      if (to > at) pieces.push(css ? h("i", { class: `sfv-${css}` }, line.slice(at, to)) : line.slice(at, to));
      at = to;
    };
    while (at < line.length) {
      if (open) {
        const end = line.indexOf(open, at);
        add(end < 0 ? line.length : end + 3, "string");
        if (end >= 0) open = null;
        continue;
      }
      tokens.lastIndex = at;
      const found = tokens.exec(line);
      if (!found) { add(line.length); break; }
      add(found.index);
      if (found[1]) {
        const end = line.indexOf(found[1], at + 3);
        if (end < 0) open = found[1];
        add(end < 0 ? line.length : end + 3, "string");
      } else add(tokens.lastIndex, found[2] ? "string" : found[3] ? "comment" : found[4] ? "decorator" : "keyword");
    }
    return pieces.length ? pieces : [" "];
  };
}
