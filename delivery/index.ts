/** Delivery's door: the outbox to its destinations. */
export { checkDestinations } from './registry.js';
export {
  syncDestinations,
  type DestinationResult,
  type DestinationStatus,
  type SyncEvent,
  type SyncOptions,
  type SyncResult,
} from './sync.js';
