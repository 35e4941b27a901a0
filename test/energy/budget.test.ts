import { describe, expect, test } from 'vitest'
import { judge, matchesPattern, nearestPattern, worstVerdict } from '../../src/energy/budget.ts'

const subject = (path: string, project = '') => {
  const [file = '', ...names] = path.split(' > ')
  return { projectName: project, file, names }
}

describe('a pattern', () => {
  test.each([
    ['a.test.ts > x', 'a.test.ts > x', true],
    ['a.test.ts > x', 'a.test.ts > xy', false],
    ['a.test.ts > *', 'a.test.ts > anything at /all', true],
    ['a.test.ts > *', 'a.test.ts > suite > test', false],
    ['a.test.ts > **', 'a.test.ts > suite > test', true],
    ['a.test.ts > ** > t', 'a.test.ts > t', true],
    ['a.test.ts > ** > t', 'a.test.ts > s > u > t', true],
    ['a.test.ts > s > ** > t', 'a.test.ts > other > t', false],
    ['test/** > uploads a photo', 'test/deep/er/a.test.ts > suite > uploads a photo', true],
    ['test/** > uploads a photo', 'src/a.test.ts > uploads a photo', false],
    ['test/* > t', 'test/a.test.ts > t', true],
    ['test/* > t', 'test/deep/a.test.ts > t', false],
    ['test/**/a.test.ts > t', 'test/a.test.ts > t', true],
    ['**/a.test.ts > t', 'x/y/a.test.ts > t', true],
    ['a.test.ts > 2 \\* 3', 'a.test.ts > 2 * 3', true],
    ['a.test.ts > 2 \\* 3', 'a.test.ts > 2 x 3', false],
    ['a.test.ts > (a|b)+ [c] .', 'a.test.ts > (a|b)+ [c] .', true],
    ['app/[id]/a.test.ts > t', 'app/[id]/a.test.ts > t', true],
    ['a.test.ts', 'a.test.ts', true],
    ['a.test.ts', 'a.test.ts > t', false],
    ['**', 'a.test.ts', true],
  ])('%j against %j: %j', (pattern, path, matches) => {
    expect(matchesPattern(pattern, subject(path))).toBe(matches)
  })

  test('a name that holds the separator is met by the line of `vitest list`', () => {
    const named = { projectName: '', file: 'a.test.ts', names: ['a > b', 'c'] }
    expect(matchesPattern('a.test.ts > a > b > c', named)).toBe(true)
  })

  test('a project in front must be the project of the test', () => {
    expect(matchesPattern('[web] a.test.ts > t', subject('a.test.ts > t', 'web'))).toBe(true)
    expect(matchesPattern('[web] a.test.ts > t', subject('a.test.ts > t', 'api'))).toBe(false)
    expect(matchesPattern('[w*] a.test.ts > t', subject('a.test.ts > t', 'web'))).toBe(true)
    expect(matchesPattern('a.test.ts > t', subject('a.test.ts > t', 'web'))).toBe(true)
  })

  test('the longest of the matching patterns wins, and only limits of the right kind count', () => {
    const of = (pattern: string, limitJ: number, perOp = false) => ({
      pattern,
      perOp,
      budget: { limitJ, text: `${limitJ} J`, source: pattern },
    })
    const patterns = [
      of('**', 1),
      of('a.test.ts > s > **', 2),
      of('a.test.ts > s > t > *', 3, true),
    ]
    expect(nearestPattern(patterns, subject('a.test.ts > s > t'), false)?.limitJ).toBe(2)
    expect(nearestPattern(patterns, subject('a.test.ts > s > t > c'), true)?.limitJ).toBe(3)
    expect(nearestPattern(patterns, subject('b.test.ts > s > t'), true)).toBeNull()
  })
})

describe('a verdict', () => {
  const budget = { limitJ: 5, text: '5 J', source: 'here' }
  const figure = (lowJ: number, highJ: number) =>
    ({ state: 'measured', reason: null, lowJ, highJ, boundsJ: [0, 100] }) as const

  test('over only when the whole interval is above the limit', () => {
    expect(judge(figure(5.1, 6), budget).verdict).toBe('over')
    expect(judge(figure(5, 6), budget).verdict).toBe('inconclusive')
  })
  test('within when the whole interval is not above it', () => {
    expect(judge(figure(4, 5), budget).verdict).toBe('within')
  })
  test('a rough figure is judged by its bounds alone', () => {
    const rough = { ...figure(4, 4.1), state: 'rough' } as const
    expect(judge(rough, budget).verdict).toBe('unchecked')
    expect(judge({ ...rough, boundsJ: [0, 4.9] }, budget).verdict).toBe('within')
    expect(judge({ ...rough, boundsJ: [5.5, 9] }, budget).verdict).toBe('over')
  })
  test('what was not measured is unchecked, with the reason', () => {
    const lost = { ...figure(1, 2), state: 'gap', reason: null } as const
    expect(judge(lost, budget)).toMatchObject({
      verdict: 'unchecked',
      reason: 'the meter was silent during it',
    })
  })
  test('the worst verdict stands for all', () => {
    expect(worstVerdict(['within', 'inconclusive', 'unchecked'])).toBe('unchecked')
    expect(worstVerdict(['within', 'over', 'unchecked'])).toBe('over')
    expect(worstVerdict([])).toBeNull()
  })
})
