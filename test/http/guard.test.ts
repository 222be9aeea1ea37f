import { describe, expect, it } from 'vitest'
import { Guard, isLoopback } from '../../src/http/guard.ts'

const token = 'a-token-of-the-desk-42'

describe('the guard of a server', () => {
  it('on loopback lets in who asks for localhost, whatever the port', () => {
    const guard = new Guard('127.0.0.1', null)
    for (const host of ['localhost:8080', '127.0.0.1', '[::1]:9']) expect(guard.refusal({ host })).toBeNull()
    // A page of another site whose name was made to resolve to 127.0.0.1 still asks under that name.
    expect(guard.refusal({ host: 'evil.example:8080' })).toMatchObject({ status: 403, error: { code: 'CB_ACCESS' } })
    expect(guard.refusal({})).toMatchObject({ status: 403 })
  })

  it('refuses a page of another site, and lets in one of its own', () => {
    const guard = new Guard('localhost', null)
    expect(guard.refusal({ host: 'localhost:8080', origin: 'http://localhost:8080' })).toBeNull()
    for (const origin of ['https://evil.example', 'null', 'http://localhost:8081']) {
      expect(guard.refusal({ host: 'localhost:8080', origin }), origin).toMatchObject({ status: 403 })
    }
  })

  it('beyond loopback wants the token, as Bearer or as the cookie that was set for it', () => {
    const guard = new Guard('0.0.0.0', token)
    const host = 'desk.example:8080'
    expect(guard.refusal({ host })).toMatchObject({ status: 401 })
    expect(guard.refusal({ host, authorization: `Bearer ${token}` })).toBeNull()
    expect(guard.refusal({ host, authorization: `Bearer ${token}x` })).toMatchObject({ status: 401 })
    expect(guard.refusal({ host, authorization: `Basic ${token}` })).toMatchObject({ status: 401 })
    const cookie = guard.cookie()
    expect(cookie).toMatch(/; HttpOnly; SameSite=Strict; Path=\/$/)
    expect(cookie).not.toContain(token)
    expect(guard.refusal({ host, cookie: `other=1; ${cookie.split(';')[0]}` })).toBeNull()
    expect(guard.refusal({ host, cookie: 'closebell=guess' })).toMatchObject({ status: 401 })
    const ofOther = new Guard('0.0.0.0', `${token}-other`).cookie().split(';')[0]
    expect(guard.refusal({ host, cookie: ofOther })).toMatchObject({ status: 401 })
    expect(guard.refusal({ host, authorization: `Bearer ${token}`, origin: 'https://evil.example' })).toMatchObject({
      status: 403,
    })
    expect(guard.refusal({ host, authorization: `Bearer ${token}`, origin: `https://${host}` })).toBeNull()
  })

  it('does not bind beyond loopback without a token, nor with one that is short', () => {
    expect(() => new Guard('0.0.0.0', null)).toThrow(/CB_USAGE.*no token is set/)
    expect(() => new Guard('::', null)).toThrow(/CB_USAGE/)
    expect(() => new Guard('0.0.0.0', 'short')).toThrow(/CB_USAGE.*at least 16/)
    expect(isLoopback('127.0.0.2')).toBe(true)
    expect(isLoopback('127.evil.example')).toBe(false)
  })
})
