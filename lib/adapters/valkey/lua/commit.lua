--[[
  Commits a batch of steps (`Step` in lib/ports/records.ts). Each is atomic by itself.
  script.ts prepends the line with the script flags: with `allow-oom` for stops, which must succeed when `maxmemory` is
  reached, and without it for everything else. Needs Redis 7.0 or Valkey 7.2.

  KEYS
    [1]       set     index of the active agents
    [2]       hash    tombstones: agent ID -> text
    [3]       stream  audit; each entry has one field, `entry`
    [4]       hash    state of the audit's index: `tip`, the last entry that was written through this script; `gaps`,
                      ranges of entries that were not (FROM is not in the gap, TO is): `FROM TO,FROM TO`
    [5]       zset    IDs of the known agents, each with score 0
    [6]       string  latch
    [7..6+n]  string  the document of each of the n steps
    [7+n..]   zset    debts of the hosts that the steps name: agent ID, scored by when to try (epoch ms)
    then      stream  buckets of the audit's index. An element names a range of the audit in which a subject is: `of` is the
                      hash of the subject, or the marks of many; `from` and `to` are the first and the last entry, as
                      sequence numbers if the milliseconds are those of the element's own ID, else as whole IDs

  ARGV
    [1]       n
    [2]       count of the debts' keys
    [3]       count of the subjects (agents and operations that entries belong to), then for each: index into KEYS of
              its bucket, its hash
    then for each step, in this order; members in brackets are only present if their bit is set in the mask:
      mask    bits  1 EXPECT  2 NEXT  4 TTL  8 ADMISSION  16 LATCH  32 JOIN  64 LEAVE  128 TOMBSTONE  256 DUE  512 PAID
                    1024 AGENT: the document is the record of the agent `id`
      id      member of the index, of the tombstones and of the debts
      [EXPECT]       the exact text that the document must have; without it, the document must be absent
      [NEXT]         the text that it gets; without it, it is deleted
      [TTL]          seconds until the document expires
      [LATCH]        with ADMISSION: the exact text that the latch must have; without it, the latch must be absent
      [TOMBSTONE]    text of the tombstone, set if there is none
      [DUE]          index into KEYS, score
      [PAID]         index into KEYS
      entries        count of the audit entries, then each: its text and two numbers of subjects, 0 for none
    then audit entries that belong to no step.

  A document or latch whose key is not a string belongs to another program: always a conflict.

  Returns one integer a step: 0 committed, 1 conflict, 2 tombstoned.
  Errors: WRONGTYPE if a key of ours has another type; nothing was written then. The index of the audit never causes a
  refusal: what it could not record becomes a gap.
]]

local COMMITTED, CONFLICT, TOMBSTONED = 0, 1, 2
local ACTIVE, TOMBSTONES, AUDIT, INDEX, KNOWN, LATCH, FIXED = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], 6
local MAX_GAPS = 32

local band = bit.band
local at = 0

local function take()
  at = at + 1
  return ARGV[at]
end

local count = tonumber(take())
local creditors = tonumber(take())
local subjects = {}
for subject = 1, tonumber(take()) do
  subjects[subject] = { bucket = KEYS[tonumber(take())], of = take() }
end

local function split(id)
  local dash = string.find(id, '-', 1, true)
  return string.sub(id, 1, dash - 1), string.sub(id, dash + 1)
end

local function isAfter(a, b)
  local ams, aseq = split(a)
  local bms, bseq = split(b)
  if ams ~= bms then return tonumber(ams) > tonumber(bms) end
  return tonumber(aseq) > tonumber(bseq)
end

local tip, found
local function audit(entries)
  for _ = 1, entries do
    if not found then
      local last = redis.call('XREVRANGE', AUDIT, '+', '-', 'COUNT', 1)[1]
      found = last and last[1] or '0-0'
    end
    tip = redis.call('XADD', AUDIT, '*', 'entry', take())
    for _ = 1, 2 do
      local subject = subjects[tonumber(take())]
      if subject then
        subject.from = subject.from or tip
        subject.to = tip
      end
    end
  end
end

-- Records the ranges of this call's subjects, and as a gap what others have written into the audit since the last call.
local function index()
  local state = redis.pcall('HMGET', INDEX, 'tip', 'gaps')
  if state.err then return end
  local before = state[1] or '0-0'
  local gaps = {}
  for gap in string.gmatch(state[2] or '', '[^,]+') do table.insert(gaps, gap) end
  local function leave(from, to)
    if #gaps == MAX_GAPS then from = string.match(table.remove(gaps), '^%S+') end
    table.insert(gaps, from .. ' ' .. to)
  end
  if isAfter(found, before) then leave(before, found) end
  local complete = true
  for _, subject in ipairs(subjects) do
    if subject.from then
      local ms, from = split(subject.from)
      local to = from
      if subject.to ~= subject.from then
        -- Before Redis 7.2, time advances within a script.
        local tms, seq = split(subject.to)
        to = ms == tms and seq or subject.to
      end
      local done = redis.pcall('XADD', subject.bucket, ms .. '-*', 'of', subject.of, 'from', from, 'to', to)
      if done.err then complete = false end
    end
  end
  if not complete then leave(found, tip) end
  redis.call('HSET', INDEX, 'tip', tip, 'gaps', table.concat(gaps, ','))
end

-- There is no rollback, so anything that could fail must fail before the first write.
local kinds = { set = { ACTIVE }, hash = { TOMBSTONES }, stream = { AUDIT }, zset = {} }
for i = FIXED + count + 1, FIXED + count + creditors do table.insert(kinds.zset, KEYS[i]) end
for kind, keys in pairs(kinds) do
  for _, key in ipairs(keys) do
    local type = redis.call('TYPE', key).ok
    if type ~= kind and type ~= 'none' then
      return redis.error_reply('WRONGTYPE a key of the killswitch holds a ' .. type)
    end
  end
end

-- The latch and the documents as they are now, updated below. False: absent. FOREIGN matches no expectation.
local FOREIGN = {}
local texts = {}
for i, text in ipairs(redis.call('MGET', unpack(KEYS, FIXED, FIXED + count))) do
  local key = KEYS[FIXED + i - 1]
  if not text then
    local type = redis.call('TYPE', key).ok
    if type ~= 'none' and type ~= 'string' then text = FOREIGN end
  end
  texts[key] = text
end

-- A tombstone is final, so it takes precedence over a conflict.
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

-- Index and debts decide nothing, so they are written once, at the end, as the last step that names them says.
local joins, known, debts = {}, {}, {}

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

  local result = decide(document, id, expect, band(mask, 8) ~= 0, latch)
  results[step] = result
  if result == COMMITTED then
    -- Only when a record appears or disappears: overwriting one does not change which agents are known.
    if band(mask, 1024) ~= 0 and (not texts[document]) ~= (not following) then known[id] = following ~= false end
    write(document, following, ttl)
    if tombstone then redis.call('HSETNX', TOMBSTONES, id, tombstone) end
    if band(mask, 96) ~= 0 then joins[id] = band(mask, 32) ~= 0 end
    if creditor then
      debts[creditor] = debts[creditor] or {}
      debts[creditor][id] = due
    end
    audit(entries)
  else
    at = at + 3 * entries
  end
end
audit((#ARGV - at) / 3)
if tip then index() end

local joining, leaving = {}, {}
for id, does in pairs(joins) do table.insert(does and joining or leaving, id) end
if #joining > 0 then redis.call('SADD', ACTIVE, unpack(joining)) end
if #leaving > 0 then redis.call('SREM', ACTIVE, unpack(leaving)) end

-- If it has another type, listing agents fails, but nothing else does.
local coming, going = {}, {}
for id, comes in pairs(known) do
  if comes then
    table.insert(coming, 0)
    table.insert(coming, id)
  else
    table.insert(going, id)
  end
end
if #coming > 0 then redis.pcall('ZADD', KNOWN, unpack(coming)) end
if #going > 0 then redis.pcall('ZREM', KNOWN, unpack(going)) end

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
