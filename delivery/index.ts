/** Delivery's door: the outbox to its destinations. */
export { tellChannel } from './alerts/channels.js';
export { checkDestinations, throwBadSettings } from './registry.js';
export { rehearse, type Rehearsal, type Rehearsed, type RehearsedKind } from './rehearsal.js';
export {
  syncDestinations,
  type DestinationResult,
  type DestinationStatus,
  type SyncEvent,
  type SyncOptions,
  type SyncResult,
} from './sync.js';
export { putBackLetters, type Letters } from './letters.js';
export { pruneDeliveries } from './prune.js';
export { deliveryReport, FATES, type DeliveryReport, type FateName, type WayReport } from './report.js';
