#!lua flags=allow-oom
--[[
  Commits a batch of steps (`Step` in lib/ports.ts). Each is decided by itself: all of it happens, or none of it.
  `allow-oom`: a kill must pass also when `maxmemory` is reached. Needs Redis 7.0 or Valkey 7.2.

  KEYS
    [1]       set     index of the active agents
    [2]       hash    tombstones: agent ID -> text
    [3]       stream  audit; each entry has one field, `entry`
    [4]       string  latch
    [5..4+n]  string  the document of each of the n steps
    [5+n..]   zset    debts of the hosts that the steps name: agent ID, scored by when to try (epoch ms)

  ARGV
    [1]       n
    then for each step, in this order; what is in brackets only stands there if its bit is set in the mask:
      mask    bits  1 EXPECT  2 NEXT  4 TTL  8 ADMISSION  16 LATCH  32 JOIN  64 LEAVE  128 TOMBSTONE  256 DUE  512 PAID
      id      member of the index, of the tombstones and of the debts
      [EXPECT]       the exact text that the document must have; without it, the document must be absent
      [NEXT]         the text that it gets; without it, it is deleted
      [TTL]          seconds until the document expires
      [LATCH]        with ADMISSION: the exact text that the latch must have; without it, the latch must be absent
      [TOMBSTONE]    text of the mark, laid if there is none
      [DUE]          index into KEYS, score
      [PAID]         index into KEYS
      entries        count of the audit entries, then the entries
    then audit entries that belong to no step.

  Returns one integer a step: 0 committed, 1 conflict, 2 tombstoned.
  Errors: WRONGTYPE if a key of ours has another type; nothing was written then.
]]

local COMMITTED, CONFLICT, TOMBSTONED = 0, 1, 2
local ACTIVE, TOMBSTONES, AUDIT, LATCH, FIXED = KEYS[1], KEYS[2], KEYS[3], KEYS[4], 4

local band = bit.band
local at = 0

local function take()
  at = at + 1
  return ARGV[at]
end

local function audit(first, last)
  for i = first, last do redis.call('XADD', AUDIT, '*', 'entry', ARGV[i]) end
end

local count = tonumber(take())

-- Without a rollback, what could fail must fail before the first write.
local kinds = { set = { ACTIVE }, hash = { TOMBSTONES }, stream = { AUDIT }, zset = {} }
for i = FIXED + count + 1, #KEYS do table.insert(kinds.zset, KEYS[i]) end
for kind, keys in pairs(kinds) do
  for _, key in ipairs(keys) do
    local found = redis.call('TYPE', key).ok
    if found ~= kind and found ~= 'none' then
      return redis.error_reply('WRONGTYPE a key of the killswitch holds a ' .. found)
    end
  end
end

-- The latch and the documents as they are now, kept up to date below; false: absent, or of another type.
local texts = {}
for i, text in ipairs(redis.call('MGET', unpack(KEYS, FIXED, FIXED + count))) do texts[KEYS[FIXED + i - 1]] = text end

-- A tombstone is final, so it is told even where something else would be a conflict as well.
local function decide(document, id, expect, admission, latch)
  if admission and redis.call('HEXISTS', TOMBSTONES, id) == 1 then return TOMBSTONED end
  if texts[document] ~= expect then return CONFLICT end
  if admission and texts[LATCH] ~= latch then return CONFLICT end
  return COMMITTED
end

local function write(document, text, ttl)
  texts[document] = text
  if not text then
    redis.call('DEL', document)
  elseif ttl then
    redis.call('SET', document, text, 'EX', ttl)
  else
    redis.call('SET', document, text)
  end
end

-- Index and debts decide nothing, so they are written once, at the end, as the last step that names them has it.
local index, debts = {}, {}

local results = {}
for step = 1, count do
  local document = KEYS[FIXED + step]
  local mask = tonumber(take())
  local id = take()
  local expect = band(mask, 1) ~= 0 and take()
  local following = band(mask, 2) ~= 0 and take()
  local ttl = band(mask, 4) ~= 0 and take()
  local latch = band(mask, 16) ~= 0 and take()
  local tombstone = band(mask, 128) ~= 0 and take()
  local creditor = band(mask, 768) ~= 0 and KEYS[tonumber(take())]
  local due = band(mask, 256) ~= 0 and take()
  local entries = tonumber(take())
  local first = at + 1
  at = at + entries

  local result = decide(document, id, expect, band(mask, 8) ~= 0, latch)
  results[step] = result
  if result == COMMITTED then
    write(document, following, ttl)
    if tombstone then redis.call('HSETNX', TOMBSTONES, id, tombstone) end
    if band(mask, 96) ~= 0 then index[id] = band(mask, 32) ~= 0 end
    if creditor then
      debts[creditor] = debts[creditor] or {}
      debts[creditor][id] = due
    end
    audit(first, at)
  end
end
audit(at + 1, #ARGV)

local joining, leaving = {}, {}
for id, joins in pairs(index) do table.insert(joins and joining or leaving, id) end
if #joining > 0 then redis.call('SADD', ACTIVE, unpack(joining)) end
if #leaving > 0 then redis.call('SREM', ACTIVE, unpack(leaving)) end

for creditor, owed in pairs(debts) do
  local due, paid = {}, {}
  for id, score in pairs(owed) do
    if score then
      table.insert(due, score)
      table.insert(due, id)
    else
      table.insert(paid, id)
    end
  end
  if #due > 0 then redis.call('ZADD', creditor, unpack(due)) end
  if #paid > 0 then redis.call('ZREM', creditor, unpack(paid)) end
end
return results
