import type { Plugin } from "vite";

/**
 * Where the site will lie, `UNRAVEL_PAGE_URL`, with a slash at its end: what shows a link's picture elsewhere needs whole addresses.
 * Without it the picture's address is relative, which some of them understand.
 */
export function address(): Plugin {
  const given = process.env.UNRAVEL_PAGE_URL;
  return {
    name: "unravel:address",
    apply: "build",
    transformIndexHtml(html) {
      if (!given) return html;
      if (!URL.canParse(given) || !/^https?:.*\/$/.test(given)) {
        throw new Error(
          `UNRAVEL_PAGE_URL is "${given}"; give the address of the page's folder, as in https://example.org/unravel/.`,
        );
      }
      const whole = html.replaceAll('content="./preview.png"', `content="${given}preview.png"`);
      return { html: whole, tags: [{ tag: "meta", attrs: { property: "og:url", content: given } }] };
    },
  };
}
