"""The example payloads of the five documents, their ellipses and placeholders filled in."""

from __future__ import annotations

HISTORY = b"""<?xml version="1.0"?>
<Response xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <Code>200</Code> <Message>Command successfully executed</Message> <TotalRecords>18</TotalRecords>
  <CallHistory>
    <Call> <StartTime>2019-04-02 13:03:06</StartTime> <Direction>Internal</Direction> <Source>102</Source>
      <Destination>106</Destination> <CallerId>102</CallerId> <Dialed>106</Dialed> <State>CalleeHungUp</State>
      <Type>Audio</Type> <CallId>1vyT3U</CallId> </Call>
    <Call> <StartTime>2019-04-02 14:13:26</StartTime> <Direction>Internal</Direction> <Source>102</Source>
      <Destination>106</Destination> <CallerId>102</CallerId> <Dialed>106</Dialed> <State>CallerHungUp</State>
      <Type>Audio</Type> <CallId>R1v3O</CallId> </Call>
    <Call> <StartTime>2019-04-02 14:44:42</StartTime> <Direction>Internal</Direction> <Source>102</Source>
      <Destination>106</Destination> <CallerId>102</CallerId> <Dialed>106</Dialed> <State>InCall</State>
      <Type>Audio</Type> <CallId>1hfNH</CallId> </Call>
  </CallHistory>
</Response>"""

ACTIVE = b"""<?xml version="1.0"?>
<Response xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <Code>200</Code> <Message>Command successfully executed</Message>
  <ActiveCalls>
    <Call> <CallId>1vQHKd</CallId> <Source>103</Source> <CallerId>103</CallerId> <Destination>101</Destination>
      <CallerDialed>101</CallerDialed> <CalleeDialed>101</CalleeDialed> <StartTime>2019-04-09 10:34:07</StartTime>
      <RingDuration>0.749</RingDuration> <TalkDuration>0.000</TalkDuration> <CallState>Ringing</CallState> </Call>
    <Call> <CallId>1zS1b3</CallId> <Source>104</Source> <CallerId>104</CallerId> <Destination>105</Destination>
      <CallerDialed>105</CallerDialed> <CalleeDialed>105</CalleeDialed> <StartTime>2019-04-09 10:35:32</StartTime>
      <RingDuration>2.351</RingDuration> <TalkDuration>3.056</TalkDuration> <CallState>InCall</CallState> </Call>
  </ActiveCalls>
</Response>"""

_LEG = b"""{"answered": 0, "billing_peer": 0, "callerid_external": "", "callerid_internal": "101",
  "callername_external": "", "callername_internal": "Ann", "callid": "1234567890.123456",
  "channel": "SIP/1001-0000002a", "cnumber": "", "ctype": "", "dcustomer": 2, "dnumber": "102", "dtype": "phone",
  "ingroup": 0, "machine": 1, "outgroup": 0, "overmax": 0, "peer": 0, "recording": "", "scustomer": 2,
  "sip_callid": "", "snumber": "101", "spresent": 0, "start": 1234567890, "status": "ringing", "stype": "phone",
  "uniqueid": "%s"}"""

LEGS = (
    b'{"responses": [{"code": "200", "key": "", "message": "OK"}], "data": ['
    + _LEG % b"1234567890.123456"
    + b", "
    + _LEG % b"1234567890.123457"
    + b"]}"
)

LOGS = b"""{"call_logs": [{"call_state": "unknown", "call_status": "Z", "call_targets": [{
  "add_time": "2019-08-24T14:15:22Z", "answered_time": "2019-08-24T14:15:22Z", "end_reason": "string",
  "ended_time": "2019-08-24T14:15:22Z", "fail_code": 0, "ring_duration": 0, "ring_time": "2019-08-24T14:15:22Z",
  "status": "string", "target_number": "string", "trunk_name": "string"}], "callee": "string", "caller": "string",
  "contact_id": "11", "created_at": "2019-08-24T14:15:22Z", "direction": "unknown", "duration": 0,
  "ended_at": "2019-08-24T14:15:22Z", "extension_id": "12", "external_id": "string",
  "external_session_id": "string", "id": "13", "note": "string", "recording_urls": ["string"],
  "started_at": "2019-08-24T14:15:22Z", "updated_at": "2019-08-24T14:15:22Z", "user_id": "14"}],
  "paging": {"after": "string", "before": "string", "limit": 0, "next": "string", "prev": "string",
  "sort": "string"}}"""

SESSIONS = b"""{"result": [{"call_session_history_id": 4202753936, "account_id": 1, "application_id": 2, "user_id": 3,
  "application_name": "app.example", "rule_name": "in", "start_date": "2020-02-25 10:00:00", "duration": 12,
  "initiator_address": "192.0.2.1", "media_server_address": "192.0.2.2", "log_file_url": "https://example.com/l",
  "audio_quality": "HD", "finish_reason": "Normal termination"}], "total_count": 1, "count": 1,
  "timezone": "Etc/GMT"}"""
