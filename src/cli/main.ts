#!/usr/bin/env node
import { main } from './commands.ts'
import { realSurroundings } from './surroundings.ts'

// `vitest-energy … | head`: the reader left, there is nobody to tell
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

process.exitCode = await main(process.argv.slice(2), realSurroundings())
