-- wrk: a hundred positions a request, as NDJSON
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/x-ndjson"
local lines = {}
for n = 1, 100 do
  lines[n] = '{"message_type_id":"gps_reading","device_id":"phone-' .. n ..
    '","data":{"latitude":52.5,"longitude":13.4,"altitude":34.5,"accuracy":' .. (n % 50) .. ',"speed":1.25}}'
end
wrk.path = "/ingest/batch"
wrk.body = table.concat(lines, "\n")
