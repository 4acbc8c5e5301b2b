// What the tours with ioredis have in common.

import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'

// From where the packages were installed to, which is not where this file is.
const require = createRequire(`${process.env.TOUR_MODULES}/`)
export const Redis = require('ioredis')
export const { version } = require('ioredis/package.json')

export const patience = 20_000 // milliseconds for what must come

// during gives a client to a step, and closes it behind it.
export async function during(client, step) {
  try {
    return await step(client)
  } finally {
    client.disconnect()
  }
}

// bounded fails if a step takes longer than anything here may.
async function bounded(name, work) {
  const timeout = sleep(2 * patience, undefined, { ref: false }).then(() => {
    throw new Error('it did not come to its end')
  })
  try {
    await Promise.race([work, timeout])
  } catch (error) {
    console.error(`ioredis: ${name} failed`)
    throw error
  }
}

// takeSteps takes all steps of a tour with a client, and returns how many there were.
export async function takeSteps(steps, client) {
  await client.flushall()
  for (const [name, step] of Object.entries(steps)) await bounded(name, step(client))
  return Object.keys(steps).length
}
