-- One exchange of a process with all the others that share a limit. It runs on Redis, by the clock of Redis.
--
-- KEYS[1] is the state. ARGV[1] is what the process tells, as JSON; what it gets is JSON, too. Times are in milliseconds.
-- All counts of a process (`received`, `returned`) are totals, so that an exchange that is lost changes nothing.
local AHEAD = 40        -- a turn is granted so early, so that the way from Redis does not delay it
local LEASE = 2000      -- a process that is not heard of for so long has ended: its turns are free
local PATIENCE = 100    -- who is next and does not take its turn for so long is passed over
local HEARTBEAT = 400   -- who waits asks at least so often
local FORGOTTEN = 600000
local KEPT = 86400      -- seconds: a limit that was learned is known for a day
local BUCKETS = 4
local SLACK_FIRST, SLACK_LEAST, SLACK_MOST = 0.02, 0.004, 0.15
local SLOWER, FASTER = 0.006, 0.001

local clock = redis.call('TIME')
local now = clock[1] * 1000 + clock[2] / 1000
local told = cjson.decode(ARGV[1])
local stored = redis.call('GET', KEYS[1])
local state = stored and cmsgpack.unpack(stored) or { buckets = {}, procs = {}, passed = 0, blocked = 0 }
local buckets, procs = state.buckets, state.procs

-- As the server counts: whole tokens come in for the time since the request before, the rest of that time is lost.
local function interval(b) return b.per / b.limit * (1 + b.slack) end
local function available_at(b, at)
  return math.min(b.limit, b.tokens + math.floor(math.max(0, at - b.last) / interval(b) + 1e-6))
end
local function available(b) return available_at(b, now) end
local function ready(b)
  if available(b) >= 1 then return math.min(now, b.last + math.max(0, 1 - b.tokens) * interval(b)) end
  return b.last + (1 - b.tokens) * interval(b)
end
local function give_back(count)
  for _, b in ipairs(buckets) do b.tokens = math.min(b.limit, b.tokens + count) end
end
local function add_bucket(limit, per, tokens)
  for _, b in ipairs(buckets) do
    if b.per == per then
      if b.limit == limit then return b end
      b.limit, b.tokens, b.slack, b.row, b.last, b.known = limit, math.min(tokens, limit), SLACK_FIRST, 0, now, now
      return nil
    end
  end
  table.insert(buckets, { limit = limit, per = per, tokens = tokens, slack = SLACK_FIRST, row = 0, last = now, known = now })
  while #buckets > BUCKETS do table.remove(buckets, 1) end
  return nil
end

-- Those that are gone.
local most = 0
for id, p in pairs(procs) do
  most = math.max(most, p.served)
  if id ~= told.id and p.seen < now - LEASE then
    give_back(p.given - p.received)
    p.given, p.waiting, p.flying = p.received, { 0, 0, 0, 0 }, 0
    if p.seen < now - FORGOTTEN then procs[id] = nil end
  end
end

-- What this one tells.
local window = 100
for _, known in ipairs(told.known) do
  -- The state may have been lost meanwhile: then nobody knows how many are left.
  local fresh = known[3] == 1 and known[1] or 0
  local there = false
  for _, b in ipairs(buckets) do there = there or b.per == known[2] end
  if not there then add_bucket(known[1], known[2], fresh) end
end
for _, b in ipairs(buckets) do window = math.max(window, b.limit) end
local me = procs[told.id]
if not me then
  me = { served = 0, given = 0, received = 0, returned = 0, seen = now }
  procs[told.id] = me
end
give_back(math.max(0, me.given - told.received) + told.returned - me.returned)
me.given, me.received, me.returned = told.received, told.received, told.returned
me.served = math.max(me.served, most - window)
me.waiting, me.flying, me.seen = told.waiting, told.flying, now
state.passed = state.passed + #told.passed
for _, ago in ipairs(told.passed) do
  for _, b in ipairs(buckets) do
    b.last = math.max(b.last, now - ago)
    b.slack = b.slack - FASTER * (b.slack - SLACK_LEAST)
    b.row = 0
  end
end
for _, refusal in ipairs(told.refused) do
  local sent = now - refusal.ago
  if refusal.limit > 0 then
    local b = add_bucket(refusal.limit, refusal.per, 0)
    if b then
      b.tokens = math.min(b.tokens, 0)
      if sent >= b.known then
        b.row = b.row + 1
        if b.row == 1 and sent >= b.last - 1 then
          b.slack = math.min(SLACK_MOST, b.slack + SLOWER)
          -- The server's clock runs on from the last request that passed.
          b.last = b.last - 0.75 * interval(b)
        end
      end
    end
  end
  state.blocked = math.max(state.blocked, now + refusal.hold)
end

-- Who waits, and who goes first: by rank, then who had fewest turns.
local total, flying, waiting, sharing = { 0, 0, 0, 0 }, 0, 0, 0
local function rank(p)
  for r = 1, 4 do if p.waiting[r] > 0 then return r end end
  return 9
end
local function before(a, ida, b, idb)
  local ra, rb = rank(a), rank(b)
  if ra ~= rb then return ra < rb end
  if a.served ~= b.served then return a.served < b.served end
  return ida < idb
end
for _, p in pairs(procs) do
  flying = flying + p.flying + p.given - p.received
  for r = 1, 4 do total[r] = total[r] + p.waiting[r]; waiting = waiting + p.waiting[r] end
  if rank(p) < 9 then sharing = sharing + 1 end
end
local function next_ready()
  local at = state.blocked > now and state.blocked or 0
  for _, b in ipairs(buckets) do at = math.max(at, ready(b)) end
  return at
end
-- As long as nobody knows the limit, few are under way at a time, for so many may be refused when it is reached.
local cautious = #buckets == 0
local most_flying = math.max(2, math.floor(state.passed / 50))
local function left()
  local count = cautious and most_flying - flying or 1e9
  for _, b in ipairs(buckets) do count = math.min(count, available(b)) end
  return count
end
local function is_my_turn(at)
  if waiting <= left() then return true end
  for id, p in pairs(procs) do
    if id ~= told.id and rank(p) < 9 and before(p, id, me, told.id) then
      local passed_over = at < now - PATIENCE and p.seen < now - PATIENCE
      if not passed_over then return false end
    end
  end
  return true
end

local grants = {}
while rank(me) < 9 and #grants < 100 do
  local at = next_ready()
  if at > now + AHEAD then break end
  if cautious and flying >= most_flying then break end
  if not is_my_turn(at) then break end
  local r = rank(me)
  me.waiting[r] = me.waiting[r] - 1
  waiting, flying = waiting - 1, flying + 1
  me.served, me.given = me.served + 1, me.given + 1
  for _, b in ipairs(buckets) do
    b.tokens = available_at(b, math.max(now, at)) - 1
    b.last = math.max(now, at, b.last)
  end
  table.insert(grants, math.max(0, at - now))
end

-- When it is worth asking again.
local pause, wait, slowest = 0, math.max(0, next_ready() - now), 0
for _, b in ipairs(buckets) do slowest = math.max(slowest, interval(b)) end
if cautious then
  pause = 4
else
  local ahead = 0
  for id, p in pairs(procs) do
    if id ~= told.id and rank(p) < 9 and before(p, id, me, told.id) then ahead = ahead + 1 end
  end
  pause = wait - AHEAD + ahead * slowest
end
redis.call('SET', KEYS[1], cmsgpack.pack(state), 'EX', KEPT)
local limits = {}
for _, b in ipairs(buckets) do table.insert(limits, { b.limit, b.per }) end
return cjson.encode({
  grants = #grants > 0 and grants or nil, limits = #limits > 0 and limits or nil, total = total, sharing = sharing,
  pause = math.max(1, math.min(HEARTBEAT, pause)), wait = wait, interval = slowest,
  left = math.min(1e6, math.max(0, left())), cautious = cautious,
})
