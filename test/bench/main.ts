import { openBench } from './run.js';

process.exitCode = await openBench(process.argv.slice(2));
