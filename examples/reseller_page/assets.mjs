// The files of public/, each at an address that changes with its content, so that browsers may keep them for good.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/**
 * @param {string} name
 * @param {string} type
 */
function asset(name, type) {
  const content = readFileSync(new URL(`public/${name}`, import.meta.url));
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 16);
  return { path: `/${hash}/${name}`, type, content };
}

export const assets = {
  style: asset('style.css', 'text/css; charset=utf-8'),
  script: asset('page.js', 'text/javascript; charset=utf-8'),
  icon: asset('icon.svg', 'image/svg+xml'),
};
