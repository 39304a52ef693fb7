-- One rule over MCP tool calls: the tool, a scope, and a pattern that an argument must match. It reads the whole body
-- into Lua tables, as scripts for this filter do.
local byte, find, sub = string.byte, string.find, string.sub

local ESCAPED = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t", ['"'] = '"', ["\\"] = "\\", ["/"] = "/" }
local LITERALS = { ["true"] = true, ["false"] = false, ["null"] = {} }
local MAX_DEPTH = 100
local value

local function skip_space(text, at)
  return find(text, "[^ \t\r\n]", at) or #text + 1
end

local function encode(code)
  if code < 0x80 then return string.char(code) end
  if code < 0x800 then return string.char(0xC0 + math.floor(code / 0x40), 0x80 + code % 0x40) end
  return string.char(0xE0 + math.floor(code / 0x1000), 0x80 + math.floor(code / 0x40) % 0x40, 0x80 + code % 0x40)
end

-- From after the opening quote; returns the string and the position after the closing one.
local function text_at(text, at)
  local parts = {}
  while true do
    local stop = find(text, '["\\%c]', at) or error("a string has no end")
    parts[#parts + 1] = sub(text, at, stop - 1)
    local mark = sub(text, stop, stop)
    if mark == '"' then return #parts == 1 and parts[1] or table.concat(parts), stop + 1 end
    if mark ~= "\\" then error("a control character") end
    local escape = sub(text, stop + 1, stop + 1)
    if escape == "u" then
      local hex = string.match(text, "^%x%x%x%x", stop + 2) or error("an escape")
      parts[#parts + 1] = encode(tonumber(hex, 16))
      at = stop + 6
    else
      parts[#parts + 1] = ESCAPED[escape] or error("an escape")
      at = stop + 2
    end
  end
end

local function list_at(text, at, depth)
  local list = {}
  at = skip_space(text, at)
  if byte(text, at) == 93 then return list, at + 1 end
  while true do
    list[#list + 1], at = value(text, at, depth)
    at = skip_space(text, at)
    local mark = byte(text, at)
    if mark == 93 then return list, at + 1 end
    if mark ~= 44 then error("a list") end
    at = at + 1
  end
end

local function object_at(text, at, depth)
  local object = {}
  at = skip_space(text, at)
  if byte(text, at) == 125 then return object, at + 1 end
  while true do
    if byte(text, at) ~= 34 then error("a key") end
    local key
    key, at = text_at(text, at + 1)
    if object[key] ~= nil then error("a key twice") end
    at = skip_space(text, at)
    if byte(text, at) ~= 58 then error("a colon") end
    object[key], at = value(text, at + 1, depth)
    at = skip_space(text, at)
    local mark = byte(text, at)
    if mark == 125 then return object, at + 1 end
    if mark ~= 44 then error("an object") end
    at = skip_space(text, at + 1)
  end
end

function value(text, at, depth)
  if depth > MAX_DEPTH then error("too deep") end
  at = skip_space(text, at)
  local first = byte(text, at)
  if first == 34 then return text_at(text, at + 1) end
  if first == 123 then return object_at(text, at + 1, depth + 1) end
  if first == 91 then return list_at(text, at + 1, depth + 1) end
  local word = string.match(text, "^%a+", at)
  if word then
    if LITERALS[word] == nil then error("a word") end
    return LITERALS[word], at + #word
  end
  local digits = string.match(text, "^-?%d+%.?%d*[eE]?[+-]?%d*", at) or error("a value")
  return tonumber(digits) or error("a number"), at + #digits
end

local function parse(text)
  local message, at = value(text, 1, 0)
  if skip_space(text, at) <= #text then error("more than one value") end
  return message
end

local function scopes(handle)
  local token = handle:streamInfo():dynamicMetadata():get("envoy.filters.http.jwt_authn")
  return " " .. (token and token.jwt_payload and token.jwt_payload.scope or "") .. " "
end

function envoy_on_request(handle)
  local body = handle:body()
  local good, message = pcall(parse, body and body:getBytes(0, body:length()) or "")
  if not good or type(message) ~= "table" then return handle:respond({ [":status"] = "400" }, "not JSON-RPC") end
  if message.method ~= "tools/call" then return end
  local params = message.params or {}
  local text = (params.arguments or {}).text
  if params.name ~= "hello" or type(text) ~= "string" or not find(text, "^Hello, [^\n]*!$") then
    return handle:respond({ [":status"] = "403" }, "denied")
  end
  if find(scopes(handle), " hello:call ", 1, true) then return end
  local challenge = 'Bearer error="insufficient_scope", scope="hello:call"'
  handle:respond({ [":status"] = "403", ["www-authenticate"] = challenge }, "insufficient scope")
end
