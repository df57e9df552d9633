import { setFlagsFromString } from 'node:v8';

/**
 * V8 optimises a function that has run for a while, in threads beside ours. Commands are over before most of that pays:
 * compiling 1,000 definitions took as much processor time for optimising as for all else, which a second core has better
 * use for. So a function has to run eight times as long before. One that runs for minutes does, within its first second.
 */
if (process.versions.node.startsWith('20.')) setFlagsFromString('--interrupt-budget=528000');
