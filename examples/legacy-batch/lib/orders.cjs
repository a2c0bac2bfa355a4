/** What the shop sent tonight: one order twice, one without lines. */
exports.orders = [
  { number: 'A-1', lines: [{ sku: 'lamp', cents: 4900 }] },
  {
    number: 'A-2',
    lines: [
      { sku: 'desk', cents: 19900 },
      { sku: 'chair', cents: 8900 },
    ],
  },
  { number: 'A-1b', repeats: 'A-1', lines: [{ sku: 'lamp', cents: 4900 }] },
  { number: 'A-3', lines: [] },
];
