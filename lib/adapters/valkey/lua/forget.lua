--[[
  Removes agents whose records are gone from the sorted index of known agents.

  KEYS
    [1]       zset    IDs of the known agents, each with score 0
    [2..]     any     the record of each agent
  ARGV        the IDs, in the order of the records

  Returns how many were removed.
]]

local forgotten = 0
for i, id in ipairs(ARGV) do
  if redis.call('EXISTS', KEYS[i + 1]) == 0 then forgotten = forgotten + redis.call('ZREM', KEYS[1], id) end
end
return forgotten
