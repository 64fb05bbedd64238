"""What Redis does of a gate in one go.

`gate`, a hash, has the campaign (`campaign opens closes limit limit_code`), its units (`free` by PostgreSQL, `leased`
to orders that are not placed yet, `confirmed` since the gate was built), who built and told it (`build position
synced`), each order (`o:<order_no>` = `L` leased, `T` taken or `P` placed, units, account) and each account
(`u:<account>` = units).
`leases`, a sorted set, has the orders that are not placed yet with the milliseconds at which their lease runs out.
Tokens are what is free and not leased. An order that has taken its units in PostgreSQL is not leased any more, and
`confirmed`, whether it is placed or not.
"""

_RECORDS = """
local gate, leases = KEYS[1], KEYS[2]
local function order_of(order_no)
  local text = redis.call('HGET', gate, 'o:' .. order_no)
  if not text then return nil end
  local state, units, account = string.match(text, '^(%a)(%d+):(.*)$')
  return {state = state, units = tonumber(units), account = account}
end
local function keep(order_no, state, units, account)
  redis.call('HSET', gate, 'o:' .. order_no, state .. units .. ':' .. account)
end
local function use(account, units)
  if units ~= 0 and redis.call('HINCRBY', gate, 'u:' .. account, units) <= 0 then
    redis.call('HDEL', gate, 'u:' .. account)
  end
end
local function end_lease(order_no, order)
  redis.call('ZREM', leases, order_no)
  if order.state == 'L' then redis.call('HINCRBY', gate, 'leased', -order.units) end
end
local function forget(order_no, order)
  end_lease(order_no, order)
  redis.call('HDEL', gate, 'o:' .. order_no)
  use(order.account, -order.units)
end
local function leased()
  local found = {}
  for _, order_no in ipairs(redis.call('ZRANGE', leases, 0, 1999)) do
    local order = order_of(order_no)
    if order and order.state == 'L' then found[#found + 1] = order_no end
  end
  return found
end
local function lapse(now)
  for _, order_no in ipairs(redis.call('ZRANGEBYSCORE', leases, '-inf', now, 'LIMIT', 0, 1000)) do
    forget(order_no, order_of(order_no))
  end
end
"""

# A lease that runs out at once is none, but a look.
# ARGV: now, account, units, order_no or '', campaign or '', when the lease runs out, how long building may take, or 0
# from who does not build.
ENTER = (
    _RECORDS
    + """
local now, account, units, order_no = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3]), ARGV[4]
local campaign, opens, closes, limit, code = unpack(redis.call('HMGET', gate, 'campaign', 'opens', 'closes', 'limit',
                                                               'limit_code'))
if not campaign then
  return {'unknown', '', ARGV[7] ~= '0' and redis.call('SET', KEYS[3], 1, 'NX', 'PX', ARGV[7]) and 1 or 0}
end
if campaign == '' then return {'unguarded', ''} end
if ARGV[5] ~= '' and ARGV[5] ~= campaign then return {'other', campaign} end
lapse(now)
local order = order_no ~= '' and order_of(order_no)
if order then
  if order.state ~= 'P' then redis.call('ZADD', leases, 'GT', ARGV[6], order_no) end
  return {'known', campaign, order.state == 'P' and 1 or 0}
end
if now < tonumber(opens) then return {'not_open', campaign, tonumber(opens)} end
if now >= tonumber(closes) then return {'ended', campaign, tonumber(closes)} end
local used = tonumber(redis.call('HGET', gate, 'u:' .. account) or 0)
if limit ~= '' and used + units > tonumber(limit) then
  return {'limited', campaign, code, tonumber(limit), used}
end
local tokens = redis.call('HGET', gate, 'free') - redis.call('HGET', gate, 'leased')
if units > tokens then return {'sold_out', campaign, math.max(tokens, 0)} end
if order_no ~= '' and tonumber(ARGV[6]) > now then
  redis.call('ZADD', leases, ARGV[6], order_no)
  redis.call('PEXPIRE', leases, redis.call('PTTL', gate))
  redis.call('HINCRBY', gate, 'leased', units)
  keep(order_no, 'L', units, account)
  use(account, units)
end
return {'admitted', campaign}
"""
)

# The units of a placed order are PostgreSQL's now. One whose lease is not known any more had lost its tokens.
# ARGV: campaign, order_no, account, units.
CONFIRM = (
    _RECORDS
    + """
if redis.call('HGET', gate, 'campaign') ~= ARGV[1] then return end
local order_no, account, units = ARGV[2], ARGV[3], tonumber(ARGV[4])
local order = order_of(order_no)
if order and order.state == 'P' then return end
if order then end_lease(order_no, order) else use(account, units) end
keep(order_no, 'P', units, account)
if order and order.state == 'T' then return end
redis.call('HINCRBY', gate, 'free', -units)
redis.call('HINCRBY', gate, 'confirmed', units)
"""
)

# ARGV: order_no, whether the tokens come back.
RELEASE = (
    _RECORDS
    + """
local order = order_of(ARGV[1])
if not order or order.state == 'P' then return end
forget(ARGV[1], order)
if ARGV[2] == '0' and order.state == 'L' then redis.call('HINCRBY', gate, 'free', -order.units) end
"""
)

# What is to be known before PostgreSQL is asked; nothing if somebody asked it a moment ago.
# A gate that lost its leases, and not the rest, is none.
# ARGV: now, a moment ago.
BEGIN = (
    _RECORDS
    + """
local known = redis.call('HMGET', gate, 'campaign', 'build', 'confirmed', 'position', 'leased', 'synced')
if not known[1] or known[1] == '' then return {} end
if tonumber(known[5]) > 0 and redis.call('EXISTS', leases) == 0 then
  redis.call('DEL', gate)
  return {}
end
if tonumber(known[6]) > tonumber(ARGV[2]) then return {known[1]} end
redis.call('HSET', gate, 'synced', ARGV[1])
return {known[1], known[2], known[3], known[4], unpack(leased())}
"""
)

LEASED = _RECORDS + "return leased()"

# Units that were confirmed since `BEGIN` may be free or not in what PostgreSQL said: they are subtracted from it, but
# not those of the orders that PostgreSQL names, which were leased at `BEGIN`.
# ARGV: now, build or '' for a new gate, a new build, confirmed, campaign, opens, closes, limit, limit_code, free,
# position, milliseconds to keep it, how many orders have taken units; of each of those: order_no, units; then of each
# placed one: order_no, units, account.
APPLY = (
    _RECORDS
    + """
local is_new, campaign = ARGV[2] == '', ARGV[5]
local known = redis.call('HMGET', gate, 'build', 'campaign', 'confirmed', 'position')
if is_new and known[2] and (campaign == '' or known[2] == campaign) then return 0 end
if not is_new and (known[1] ~= ARGV[2] or tonumber(ARGV[11]) < tonumber(known[4])) then return 0 end
if is_new then
  redis.call('DEL', gate, leases)
  redis.call('HSET', gate, 'build', ARGV[3], 'leased', 0, 'confirmed', 0)
end
local since = is_new and 0 or known[3] - ARGV[4]
lapse(tonumber(ARGV[1]))
local placed = 14 + 2 * ARGV[13]
for i = 14, placed - 1, 2 do
  local order_no, units = ARGV[i], tonumber(ARGV[i + 1])
  local order = order_of(order_no)
  if order and order.state == 'L' then
    redis.call('HINCRBY', gate, 'leased', -order.units)
    redis.call('HINCRBY', gate, 'confirmed', order.units)
    keep(order_no, 'T', order.units, order.account)
  elseif order then
    since = since - units
  end
end
for i = placed, #ARGV, 3 do
  local order_no, units, account = ARGV[i], tonumber(ARGV[i + 1]), ARGV[i + 2]
  local order = order_of(order_no)
  if order and order.state ~= 'P' then
    end_lease(order_no, order)
    if order.state == 'L' then redis.call('HINCRBY', gate, 'confirmed', order.units) end
  end
  use(account, units - (order and order.units or 0))
  keep(order_no, 'P', units, account)
end
redis.call('HSET', gate, 'campaign', campaign, 'opens', ARGV[6], 'closes', ARGV[7], 'limit', ARGV[8],
           'limit_code', ARGV[9], 'free', ARGV[10] - math.max(since, 0), 'position', ARGV[11], 'synced', ARGV[1])
redis.call('PEXPIRE', gate, ARGV[12])
redis.call('PEXPIRE', leases, ARGV[12])
redis.call('DEL', KEYS[3])
return 1
"""
)

GIVE_UP = "redis.call('DEL', KEYS[3])"
