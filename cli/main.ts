#!/usr/bin/env node
import { createRequire } from 'node:module';
import { Command } from 'commander';

const { version, description } = createRequire(import.meta.url)('#package.json') as {
  version: string;
  description: string;
};

await new Command('rollcall').version(version).description(description).parseAsync();
