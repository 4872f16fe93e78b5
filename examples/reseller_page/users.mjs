// The demo's users. Each reads as a database role of its own, which has the grants (roles.sql, demo.sql).

/** @type {import('./session.mjs').User[]} */
export const users = [
  { id: 'head_office', name: 'Head office', role: 'page_head_office' },
  { id: 'northern_lights', name: 'Northern Lights Telecom', role: 'page_northern_lights' },
  { id: 'bharat', name: 'Bharat Messaging', role: 'page_bharat' },
];
