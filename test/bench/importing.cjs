const at = Number(process.hrtime.bigint()) / 1e6;
process.stdout.write(`${JSON.stringify({ msg: 'importing', at })}\n`);
