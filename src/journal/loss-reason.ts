/** Why a record was dropped. */
export const lossReasons = ['disk-full', 'cap', 'io-error', 'closed', 'unencodable', 'rate'] as const;
export type LossReason = (typeof lossReasons)[number];
