/** Orders as the shop has them. The third has nothing in it. */
export const orders = [
  { number: 'A-1', customer: 'ann@shop.example', cents: [1200, 350] },
  { number: 'A-2', customer: 'bob@shop.example', cents: [99] },
  { number: 'A-3', customer: 'cid@shop.example', cents: [] },
  { number: 'A-4', customer: 'dot@shop.example', cents: [4000, 1, 1] },
  { number: 'A-5', customer: 'eve@shop.example', cents: [700] },
];
