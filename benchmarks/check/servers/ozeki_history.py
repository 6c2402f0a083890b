"""A server for the ListCallHistory command of the Ozeki HTTP API, with habits and defects to switch on by name."""

from __future__ import annotations

import argparse
import gzip
import random
import re
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote_plus, urlsplit

BASE_PATH = "/api"
COMMAND = "ListCallHistory"
SUCCESS = "Command successfully executed"

# Both accounts see the whole history: the document knows no rights per account.
CREDENTIALS: list[dict[str, str]] = [
    {"Username": "admin", "Password": "abc123"},  # the administrator, sees every call
    {"Username": "HTTP_User_1", "Password": "qwe123"},  # an HTTP API user, sees every call
    {"Username": "crm", "Password": "Tür&Tor 100%+1"},  # an integration, sees every call
]

FIELDS = ("StartTime", "Direction", "Source", "Destination", "CallerId", "Dialed", "State", "Type", "CallId")
TABLE_ORDER = ("StartTime", "Direction", "Source", "Destination", "State", "Dialed", "CallerId", "Type", "CallId")
FILTERS = ("CallerId", "CallId", "Destination", "Dialed", "Direction", "Source", "State", "Type")
PARAMETERS = ("command", *FILTERS, "From", "PageNumber", "RowsPerPage", "Username", "Password")
DIRECTIONS = ("Internal", "External", "Inbound", "Outbound")
EPOCH = datetime(1970, 1, 1)
DAY = 86400


@dataclass(frozen=True)
class Defect:
    """A bug of an implementer: what goes wrong, the sentence that it breaks, and whether that sentence is plain."""

    text: str
    quote: str
    must: bool


HABITS: dict[str, str] = {
    # serializer
    "compact_xml": "The answer has no white space between elements.",
    "tabs_and_crlf": "The answer is indented by tabs and has CRLF line ends.",
    "table_order": "The children of Call come in the order of the response table.",
    "cdata_texts": "Texts of a call are written as CDATA sections.",
    "numeric_escapes": "Characters beyond ASCII are written as numeric character references.",
    "declaration_with_encoding": "The XML declaration names the encoding and standalone.",
    "no_declaration": "There is no XML declaration.",
    "byte_order_mark": "The body begins with a UTF-8 byte order mark.",
    "no_namespaces": "The root declares no unused namespace prefixes.",
    "xsi_before_xsd": "The root declares xsi before xsd, in single quotes.",
    "self_closed_empties": "Empty elements are self-closed.",
    "extra_fields": "A Call has further elements: Duration and Recorded.",
    "extra_envelope": "The response has further elements PageNumber and ServerTime after CallHistory.",
    "notification_name": "The optional NotificationName is present, after CallHistory.",
    "call_attributes": "Each Call has an attribute with its index in the answer.",
    "xml_comment": "A comment with the name of the product follows the declaration.",
    "errors_with_empty_lists": "An error also has TotalRecords 0 and an empty CallHistory.",
    # HTTP
    "http_status_for_errors": "Errors have the HTTP status 400, 401 or 404 in place of 200.",
    "chunked": "The body is sent in chunks.",
    "connection_close": "The server closes each connection after the answer.",
    "http_1_0": "The server speaks HTTP/1.0.",
    "cookies": "Each answer sets a session cookie that has no effect.",
    "text_xml": "The content type is text/xml; charset=utf-8.",
    "gzip_when_asked": "The body is compressed if the client accepts gzip.",
    "head_refused": "HEAD is refused with 405.",
    "options_cors": "OPTIONS is answered with 204 and CORS headers.",
    "trailing_slash": "/api/ is served like /api.",
    "any_path": "The path does not matter.",
    "post_refused": "POST is refused with 405: the document shows a URL request only.",
    "cache_headers": "Answers have Cache-Control, Pragma, Expires and X-headers.",
    # identifiers, order, readings
    "guid_call_ids": "CallId is a GUID.",
    "numeric_call_ids": "CallId is a decimal number.",
    "newest_first": "The newest calls come first.",
    "ties_by_call_id": "Calls of the same second are ordered by CallId.",
    "ties_reversed": "Calls of the same second are ordered by their age of insertion, the later one first.",
    "from_exclusive": "From keeps only calls that began after that instant.",
    "from_lenient": "From may also be a date alone or have a T between date and time.",
    "external_is_union": "Direction=External finds the External, Inbound and Outbound calls.",
    "words_ignore_case": "The values of Direction, State and Type are matched without case.",
    "trimmed_values": "White space around the values of parameters is dropped.",
    "state_alias": "State=CallerHangUp (CalleeHangUp) finds CallerHungUp (CalleeHungUp) calls.",
    "default_20_rows": "Without RowsPerPage a page has 20 rows.",
    "default_100_rows": "Without RowsPerPage a page has 100 rows.",
    "rows_capped_50": "RowsPerPage above 50 is taken as 50.",
    "past_the_end_302": "A page beyond the end is refused with code 302.",
    "bad_paging_ignored": "A RowsPerPage or PageNumber that is no proper number is taken as absent.",
    "zero_rows_none": "RowsPerPage=0 is valid and brings no rows, only TotalRecords.",
    "bad_from_ignored": "A From that is no instant is taken as absent.",
    "bad_direction_empty": "An unknown Direction finds no calls in place of the code 302.",
    "bad_state_302": "A State or Type that the system does not know is refused with code 302.",
    "unknown_parameter_302": "An unknown parameter is refused with code 302.",
    "repeated_last": "Of a repeated parameter the last value counts.",
    "repeated_302": "A repeated parameter is refused with code 302.",
    "strict_names": "Names of parameters must have the case of the document.",
    "lax_command": "The value of command is matched without case.",
    "auth_before_command": "Credentials are checked before the command.",
    "missing_login_302": "Missing credentials are reported as an invalid parameter, 302.",
    "terse_messages": "Messages of errors are one word each.",
    "zone_plus_two": "The server's local time, in StartTime and From, is two hours ahead of UTC.",
    # data
    "all_internal": "All calls are internal.",
    "no_missed": "Every call was answered.",
    "one_extension": "One extension only has made and taken all calls.",
    "long_history": "The history covers 400 days.",
    "one_second": "All calls began in the same second.",
    "only_ended": "No call is in progress.",
    "audio_only": "Every call has the Type Audio.",
    "history_grows": "A new call joins the history every six seconds.",
    "calls_end": "Calls that are InCall at the start end 20 s later.",
}

Q_INTRO = "provides you the list of the previous calls with all the details of them"
Q_EASY = "you can easily filter the history to get the calls that you wanted to see"
Q_CALLER = "Filter by ID of the caller party in the call."
Q_CALLID = "Filter by ID of the call."
Q_DEST = "Filter by the destination extension of the call."
Q_DIALED = "Filter by dialed number in the call."
Q_DIR = "Filter by the direction of the calls, can be Internal, External, Inbound, Outbound."
Q_FROM = "The date to get call history entries from."
Q_PAGE = "The page number which specifies the source page which will be queried for call history entries."
Q_ROWS = "Specifies how many entries the response will contain at maximum."
Q_SOURCE = "Filter by the source extension of the call."
Q_STATE = "Filter by the result state of the call."
Q_TYPE = "Filter by type of the call."
Q_AUTH = "The username and password parameters are used to authenticate the user."
Q_USER_MANDATORY = (
    "Username | admin | The username of the account. The username and password parameters are used to "
    "authenticate the user. | yes |"
)
Q_PASS_MANDATORY = (
    "Password | abc123 | Specifies the password. The username and password parameters are used to "
    "authenticate the user. | yes |"
)
Q_CODE = "Code | 200 | Returns the status code of the response. | yes |"
Q_MESSAGE = "Returns the description of the response code."
Q_TOTAL = "Number of calls found in the history after filtering."
Q_TOTAL_MANDATORY = "TotalRecords | 50 | Number of calls found in the history after filtering. | yes |"
Q_DETAILS = "Between the nodes the details of a call is shown."
Q_PAIRS = "There are as many pairs of nodes as many calls were filtered."
Q_SHOWN = (
    "The parameters shown between the nodes are: StartTime, Direction, Source, Destination, State, Dialed, "
    "CallerId, Type, CallId."
)
Q_EMPTY = "&From=&Direction=&Source=&Destination=&CallerId=&Dialed="
Q_FIRST_PAGE = "PageNumber | 0 |"
Q_FORM = "<StartTime>2019-04-02 13:03:06</StartTime>"
Q_NODES = "<CallHistory> <Call> <StartTime>"
Q_XML = '<?xml version="1.0"?> <Response'
Q_OK = "<Code>200</Code> <Message>Command successfully executed</Message>"
Q_COMMAND = "http://127.0.0.1:9509/api?command=ListCallHistory"
Q_PREVIOUS = "the list of the previous calls"

DEFECTS: dict[str, Defect] = {
    # a filter ignored
    "callerid_ignored": Defect("CallerId has no effect.", Q_CALLER, True),
    "callid_ignored": Defect("CallId has no effect.", Q_CALLID, True),
    "destination_ignored": Defect("Destination has no effect.", Q_DEST, True),
    "dialed_ignored": Defect("Dialed has no effect.", Q_DIALED, True),
    "direction_ignored": Defect("Direction has no effect.", Q_DIR, True),
    "source_ignored": Defect("Source has no effect.", Q_SOURCE, True),
    "state_ignored": Defect("State has no effect.", Q_STATE, True),
    "type_ignored": Defect("Type has no effect.", Q_TYPE, True),
    "from_ignored": Defect("From has no effect.", Q_FROM, True),
    # a filter on the wrong column or with a wrong comparison
    "callerid_matches_source": Defect("CallerId is compared with Source.", Q_CALLER, True),
    "source_matches_callerid": Defect("Source is compared with CallerId.", Q_SOURCE, True),
    "dialed_matches_destination": Defect("Dialed is compared with Destination.", Q_DIALED, True),
    "destination_matches_dialed": Defect("Destination is compared with Dialed.", Q_DEST, True),
    "source_prefix": Defect("Source=102 also finds the calls of 1021.", Q_SOURCE, True),
    "destination_suffix": Defect("Destination also finds longer numbers that end so.", Q_DEST, True),
    "callid_ignores_case": Defect("CallId finds calls whose id differs in case.", Q_CALLID, True),
    "callid_prefix": Defect("CallId also finds longer ids that begin so.", Q_CALLID, True),
    "callerid_numeric": Defect("CallerIds of digits are compared as numbers: 102 finds 0102.", Q_CALLER, True),
    "callerid_like": Defect("% and _ in CallerId act as wildcards.", Q_CALLER, True),
    "callerid_latin1": Defect(
        "A CallerId with letters beyond ASCII is decoded as Latin-1 and finds nothing.", Q_CALLER, True
    ),
    "callerid_cut_at_quote": Defect("CallerId is cut at an apostrophe, the call is not found.", Q_CALLER, True),
    "dialed_decoded_twice": Defect("Dialed is decoded twice, an encoded plus sign becomes a space.", Q_DIALED, True),
    "source_misses_outside": Defect("Source never finds calls that came from outside.", Q_SOURCE, True),
    "destination_misses_outbound": Defect("Destination never finds Outbound calls.", Q_DEST, True),
    "destination_misses_redirected": Defect(
        "Destination misses calls for which another number was dialed.", Q_DEST, True
    ),
    "internal_includes_external": Defect("Direction=Internal also finds External calls.", Q_DIR, True),
    "in_and_out_swapped": Defect("Direction=Inbound finds the Outbound calls and the reverse.", Q_DIR, True),
    "external_finds_nothing": Defect("Direction=External finds nothing though there are such calls.", Q_DIR, True),
    "external_refused": Defect("Direction=External is refused with code 302.", Q_DIR, True),
    "inbound_misses_missed": Defect("Direction=Inbound leaves out calls that nobody answered.", Q_DIR, True),
    "only_internal_filtered": Defect("Direction is heeded for Internal only.", Q_DIR, True),
    "hung_up_merged": Defect("State=CallerHungUp also finds CalleeHungUp calls.", Q_STATE, True),
    "incall_never_found": Defect("State=InCall finds nothing though there are such calls.", Q_STATE, True),
    "state_rare_ignored": Defect(
        "State is heeded for the hung-up words only, others find everything.", Q_STATE, True
    ),
    "type_only_audio": Defect("Type is heeded for Audio only, Video finds everything.", Q_TYPE, True),
    "type_contains": Defect("Type=Audio also finds AudioVideo calls.", Q_TYPE, True),
    # filters together
    "filters_or": Defect("Two filters are joined by or.", Q_EASY, True),
    "last_filter_only": Defect("Of several filters only the last one of the table is applied.", Q_EASY, True),
    "third_filter_ignored": Defect("Of three or more filters only two are applied.", Q_EASY, True),
    "source_ignored_with_destination": Defect("Source is ignored beside Destination.", Q_SOURCE, True),
    "from_ignored_with_direction": Defect("From is ignored beside Direction.", Q_FROM, True),
    "state_ignored_with_type": Defect("State is ignored beside Type.", Q_STATE, True),
    "empty_dialed_is_value": Defect("An empty Dialed finds only calls with an empty dialed number.", Q_EMPTY, False),
    "empty_from_is_today": Defect("An empty From means since midnight.", Q_EMPTY, False),
    "empty_direction_refused": Defect("An empty Direction is refused with code 302.", Q_EMPTY, False),
    "post_filters_ignored": Defect("In a POST form the filters are ignored.", Q_EASY, False),
    "post_paging_ignored": Defect("In a POST form PageNumber is ignored.", Q_PAGE, False),
    "scan_limit_200": Defect("A filter searches the first 200 calls only.", Q_TOTAL, True),
    # From
    "from_day_only": Defect("Only the day of From counts, earlier calls of that day are shown.", Q_FROM, True),
    "from_is_until": Defect("From is taken as the end: calls up to it are shown.", Q_FROM, True),
    "from_hour_early": Defect("From is shifted by an hour, calls of the hour before are shown.", Q_FROM, True),
    "from_hour_late": Defect("From is shifted by an hour, calls of the hour after it are missing.", Q_FROM, True),
    "from_day_month_swapped": Defect("A From with a day up to 12 is read as year-day-month.", Q_FROM, True),
    "from_seconds_dropped": Defect("The seconds of From are dropped.", Q_FROM, True),
    "from_rounded_up": Defect("From is rounded up to the next minute, calls in between are missing.", Q_FROM, True),
    "from_first_page_only": Defect("From is forgotten on pages after the first.", Q_FROM, True),
    "from_midnight_unset": Defect("A From at 00:00:00 counts as absent.", Q_FROM, True),
    "from_12_hours": Defect("The hour of From is read on a 12-hour clock: 15 counts as 3.", Q_FROM, True),
    "from_past_year_refused": Defect("A From in an earlier year is refused with code 302.", Q_FROM, True),
    "from_future_refused": Defect("A From in the future is refused with code 302.", Q_FROM, False),
    "from_plus_not_decoded": Defect("A From with + for the space is refused with code 302.", Q_FROM, False),
    # paging
    "page_ignored": Defect("PageNumber has no effect.", Q_PAGE, True),
    "page_from_one": Defect("Pages count from 1, page 0 is the same as page 1.", Q_FIRST_PAGE, False),
    "page_is_row": Defect("PageNumber is the index of the first row.", Q_PAGE, True),
    "page_first_digit": Defect("Only the first digit of PageNumber is read.", Q_PAGE, True),
    "page_ten_empty": Defect("Pages from the eleventh on are empty.", Q_PAGE, True),
    "page_steps_of_20": Defect("The offset of a page is always PageNumber * 20.", Q_PAGE, True),
    "page_offset_unfiltered": Defect(
        "On later pages the offset counts calls that the filter left out.", Q_PAGE, True
    ),
    "pages_overlap": Defect("The last row of a page comes again as the first of the next.", Q_PAGE, False),
    "page_needs_no_filter": Defect("Beside a filter PageNumber has no effect.", Q_PAGE, True),
    "default_page_last": Defect("Without PageNumber the last page is given.", Q_FIRST_PAGE, False),
    "page_loses_last_row": Defect("The last row of every full page is missing.", Q_PAIRS, True),
    "last_page_missing": Defect("A last page that is not full is empty.", Q_PAIRS, True),
    "last_page_filled": Defect("A last page that is not full is filled up with earlier rows.", Q_PAGE, False),
    "past_the_end_repeats": Defect("Beyond the end the last page is given again.", Q_PAGE, False),
    "past_the_end_first": Defect("Beyond the end the first page is given.", Q_PAGE, False),
    "filters_forgotten_later": Defect("Pages after the first show the unfiltered history.", Q_EASY, True),
    "filter_after_paging": Defect("The page is cut first and then filtered.", Q_PAIRS, True),
    "rows_ignored": Defect("RowsPerPage has no effect.", Q_ROWS, True),
    "rows_one_more": Defect("A page has one row more than RowsPerPage.", Q_ROWS, True),
    "rows_one_is_two": Defect("RowsPerPage=1 brings two rows.", Q_ROWS, True),
    "rows_tens": Defect("RowsPerPage is rounded up to a multiple of ten.", Q_ROWS, True),
    "rows_over_100_all": Defect("RowsPerPage above 100 brings all rows.", Q_ROWS, True),
    "rows_ignored_with_from": Defect("Beside From the RowsPerPage has no effect.", Q_ROWS, True),
    "rows_first_page_only": Defect("Pages after the first run to the end of the list.", Q_ROWS, True),
    "rows_post_ignored": Defect("In a POST form RowsPerPage is ignored.", Q_ROWS, False),
    # order
    "ties_lost": Defect("Calls of the second in which the page before ended are lost.", Q_PAIRS, True),
    "ties_flip": Defect(
        "On odd pages calls of one second come in the reverse order, so some repeat, some never come.", Q_PAIRS, True
    ),
    "page_sorted_only": Defect("The history is not sorted, each page is.", Q_FORM, False),
    "order_by_time_of_day": Defect("Calls are ordered by the time of day.", Q_FORM, False),
    "filtered_descending": Defect("With a Source filter the newest call comes first.", Q_FORM, False),
    "order_rotates": Defect(
        "The list begins at another call with every request, so pages repeat and lose rows.", Q_PAGE, False
    ),
    # totals
    "total_is_page": Defect("TotalRecords is the number of rows of the page.", Q_TOTAL, True),
    "total_unfiltered": Defect("TotalRecords is the number of all calls.", Q_TOTAL, True),
    "total_ignores_from": Defect("TotalRecords does not heed From.", Q_TOTAL, True),
    "total_ignores_state": Defect("TotalRecords does not heed State.", Q_TOTAL, True),
    "total_capped_100": Defect("TotalRecords is never more than 100.", Q_TOTAL, True),
    "total_less_on_last": Defect("On a last page that is not full TotalRecords is one less.", Q_TOTAL, True),
    "total_zero_past_end": Defect("Beyond the end TotalRecords is 0.", Q_TOTAL, True),
    "total_of_pages": Defect("TotalRecords is the number of pages.", Q_TOTAL, True),
    "total_remaining": Defect("TotalRecords counts from the first row of the page on.", Q_TOTAL, True),
    "total_absent_at_zero": Defect("TotalRecords is left out when no call was found.", Q_TOTAL_MANDATORY, True),
    "total_remembered": Defect("TotalRecords of the first answer is given ever after.", Q_TOTAL, True),
    "total_of_seconds": Defect("TotalRecords counts calls of the same second once.", Q_TOTAL, True),
    "total_without_video": Defect("TotalRecords does not count Video calls.", Q_TOTAL, True),
    "total_less_when_filtered": Defect(
        "TotalRecords is one less as soon as there is a filter and more than one call.", Q_TOTAL, True
    ),
    # which calls
    "old_only_with_from": Defect("Without From calls older than seven days are missing.", Q_PREVIOUS, True),
    "missed_only_when_asked": Defect("Without State the unanswered calls are missing.", Q_INTRO, True),
    "transfers_twice": Defect("Transferred calls are listed twice.", Q_PAIRS, True),
    "one_in_50_skipped": Defect("With a filter one call in 50 is not found.", Q_TOTAL, True),
    # fields
    "start_inbound_early": Defect("StartTime of Inbound calls is an hour early, From does not agree.", Q_FROM, True),
    "start_12_hours": Defect("StartTime has hours of a 12-hour clock without AM or PM.", Q_DETAILS, True),
    "start_month_for_minute": Defect("StartTime has the month in place of the minute.", Q_DETAILS, True),
    "start_late_next_day": Defect("Calls after 23:00 have the date of the next day.", Q_DETAILS, True),
    "start_unpadded": Defect("StartTime has no leading zero of the hour.", Q_FORM, False),
    "start_iso_on_minute": Defect("StartTime of Video calls has a T in place of the space.", Q_FORM, False),
    "start_day_month": Defect("StartTime is written as day.month.year.", Q_FORM, False),
    "inbound_swapped": Defect("Source and Destination of Inbound calls are swapped.", Q_DETAILS, True),
    "outbound_ids_swapped": Defect("CallerId and Dialed of Outbound calls are swapped.", Q_DETAILS, True),
    "dialed_shows_destination": Defect("Dialed shows the destination also of redirected calls.", Q_DETAILS, True),
    "callerid_shows_source": Defect("CallerId shows the source.", Q_DETAILS, True),
    "external_shown_outbound": Defect("External calls are shown as Outbound.", Q_DETAILS, True),
    "missed_direction_lower": Defect("The Direction of unanswered calls is in lower case.", Q_DIR, True),
    "direction_incoming": Defect("Inbound calls have the Direction Incoming.", Q_DIR, True),
    "busy_shown_missed": Defect("Busy calls are shown as NotAnswered.", Q_DETAILS, True),
    "incall_without_state": Defect("InCall calls have no State.", Q_SHOWN, True),
    "same_dialed_absent": Defect("Dialed is left out if it is the destination.", Q_SHOWN, True),
    "empty_fields_absent": Defect("CallerId and Dialed are left out if they are empty.", Q_SHOWN, False),
    "video_without_type": Defect("Calls that are not Audio have no Type.", Q_SHOWN, True),
    "callid_cut": Defect("CallId is cut to five characters.", Q_DETAILS, True),
    "callid_lower": Defect("CallId is shown in lower case and cannot be asked for.", Q_DETAILS, True),
    "callid_of_neighbour": Defect("One call in 50 has the CallId of the call before.", Q_DETAILS, True),
    "destination_of_neighbour": Defect("One call in 50 has the Destination of the call before.", Q_DETAILS, True),
    "state_of_neighbour": Defect("One call in 40 has the State of the call before.", Q_DETAILS, True),
    "second_row_repeats_first": Defect(
        "On a page of exactly two rows the second repeats the first.", Q_DETAILS, True
    ),
    "callerid_cut_20": Defect("CallerId is cut to 20 characters.", Q_DETAILS, True),
    "callerid_question_marks": Defect(
        "Letters beyond ASCII in CallerId are shown as question marks.", Q_DETAILS, True
    ),
    "plus_stripped": Defect("Dialed has lost its plus sign.", Q_DETAILS, True),
    "zeros_stripped": Defect("Dialed has lost its leading zeros.", Q_DETAILS, True),
    "escaped_twice": Defect("& < > are escaped twice.", Q_DETAILS, True),
    "ampersand_raw": Defect("& is not escaped, the answer is not well-formed.", Q_XML, False),
    "latin1_bytes": Defect("The body is Latin-1 without a declaration of that.", Q_XML, False),
    # envelope and errors
    "call_info": Defect("Calls are elements CallInfo.", Q_NODES, False),
    "single_call_flat": Defect("A single call has no Call element around its details.", Q_NODES, False),
    "history_absent_when_empty": Defect("Without calls CallHistory is left out.", Q_SHOWN + " | yes |", True),
    "history_absent_past_end": Defect("Beyond the end CallHistory is left out.", Q_SHOWN + " | yes |", True),
    "code_absent_when_empty": Defect("Code is left out when no call was found.", Q_CODE, True),
    "code_absent_on_error": Defect("Code is left out on errors.", Q_CODE, True),
    "message_absent": Defect(
        "Message is left out beside a filter.",
        "Message | Command successfully executed | Returns the description of the response code. | yes |",
        True,
    ),
    "message_empty_on_error": Defect("Message of an error is empty.", Q_MESSAGE, True),
    "message_success_on_error": Defect("Message of an error says that the command was executed.", Q_MESSAGE, True),
    "code_zero": Defect("Code of success is 0.", Q_OK, False),
    "code_404_when_empty": Defect("Code is 404 when no call was found.", Q_OK, False),
    "code_206_on_pages": Defect("Code is 206 when there are further pages.", Q_OK, False),
    "any_command": Defect("Any command lists the history.", Q_COMMAND, False),
    # credentials
    "wrong_password_200": Defect("A wrong password gives Code 200 and an empty history.", Q_CODE, True),
    "any_password": Defect("Any password is accepted.", Q_AUTH, True),
    "password_prefix": Defect("The first characters of the password are enough.", Q_AUTH, True),
    "password_first_six": Defect("Characters after the sixth of the password are not compared.", Q_AUTH, True),
    "password_ignores_case": Defect("The password is compared without case.", Q_AUTH, True),
    "password_empty": Defect("An empty password is accepted.", Q_AUTH, True),
    "password_missing": Defect("A request without Password is accepted.", Q_PASS_MANDATORY, True),
    "username_missing": Defect(
        "A request without Username is accepted if the password is somebody's.", Q_USER_MANDATORY, True
    ),
    "any_username": Defect("An unknown user is accepted with somebody's password.", Q_AUTH, True),
    "password_of_another": Defect("The password of another account is accepted.", Q_AUTH, True),
    "username_prefix": Defect("A name that only begins like an account's is accepted.", Q_AUTH, True),
    "second_account_refused": Defect("Only the first account can log in.", Q_AUTH, True),
    "special_password_refused": Defect("A password with & % + or umlauts is refused.", Q_AUTH, True),
    "connection_remembers_login": Defect("After a good request a connection needs no credentials.", Q_AUTH, True),
    "login_remembered": Defect("After a good login of a user any password of his is accepted.", Q_AUTH, True),
    "later_pages_open": Defect("Pages after the first need no right password.", Q_AUTH, True),
    "post_open": Defect("A POST needs no right password.", Q_AUTH, True),
    "callid_open": Defect("A request with CallId needs no right password.", Q_AUTH, True),
    "refused_with_rows": Defect("A refusal for a wrong password contains the calls.", Q_AUTH, True),
    # memory
    "cache_by_page": Defect("Answers are remembered by page and size only.", Q_EASY, True),
    "cache_without_from": Defect("Answers are remembered by everything but From.", Q_FROM, True),
    "cache_without_password": Defect("Answers are remembered by everything but Password.", Q_AUTH, True),
    "cache_ignores_case": Defect("Answers are remembered by the parameters in lower case.", Q_CALLID, True),
    "connection_keeps_filters": Defect("Filters of earlier requests on a connection stay in force.", Q_EASY, True),
}

IGNORED = {f"{name.lower()}_ignored": name for name in (*FILTERS, "From")}
WRONG_COLUMN = {
    "callerid_matches_source": ("CallerId", "Source"),
    "source_matches_callerid": ("Source", "CallerId"),
    "dialed_matches_destination": ("Dialed", "Destination"),
    "destination_matches_dialed": ("Destination", "Dialed"),
}

# ---------------------------------------------------------------------------------------------------- the world

PEOPLE = (
    "Jürgen Müller",
    "Zoë Łukasiewicz",
    "O'Brien & Sons",
    "50% Rabatt_Hotline",
    "50 Prozent Rabatt-Hotline",
    "Agent_1",
    "Agent 1",
    "AgentX1",
    "Thomas M.",
    'Kate "Kit" <Lee>',
    "Señora Ñandú",
    "Dr. Anna-Maria von und zu Hohenstein-Wettersbach, Abteilung Einkauf & Logistik, Haus 7",
)
ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
EXTENSIONS = tuple(str(n) for n in range(100, 118)) + ("1021", "1052")
ANSWERED = ("CallerHungUp", "CalleeHungUp", "TransferCompleted", "Redirected")
UNANSWERED = ("NotAnswered", "Busy", "Cancelled", "NotFound", "Error")
STATES = (*ANSWERED, *UNANSWERED, "InCall")
TYPES = ("Audio", "Video", "AudioVideo")


@dataclass
class Call:
    """One call of the history; `texts` has all documented parameters but StartTime."""

    number: int
    start: int
    texts: dict[str, str]


def outside_number(rng: random.Random) -> str:
    """A number of a fictional range."""
    if rng.random() < 0.5:
        return f"+155501{rng.randrange(100):02d}"
    return f"+447700900{rng.randrange(60) * 7:03d}"


def make_parties(rng: random.Random, direction: str, extensions: tuple[str, ...]) -> dict[str, str]:
    """Source, Destination, CallerId and Dialed of a call."""
    inside = rng.choice(extensions)
    other = rng.choice([e for e in extensions if e != inside] or [inside])
    number = outside_number(rng)
    chance = rng.random()
    if direction == "Internal":
        caller = inside if chance < 0.7 else rng.choice(PEOPLE) if chance < 0.92 else "0" + inside
        dialed = other if rng.random() < 0.75 else rng.choice(("800", "801", "*72", rng.choice(extensions)))
        return {"Source": inside, "Destination": other, "CallerId": caller, "Dialed": dialed}
    if direction == "Outbound":
        caller = inside if chance < 0.4 else "+15550100" if chance < 0.8 else rng.choice(PEOPLE)
        digits = number.lstrip("+")
        dialed = rng.choice((number, number, "00" + digits, "0" + digits, digits))
        return {"Source": inside, "Destination": number, "CallerId": caller, "Dialed": dialed}
    caller = number if chance < 0.6 else rng.choice(PEOPLE) if chance < 0.93 else ""
    if direction == "Inbound":
        dialed = rng.choice(("+15550100", "+15550101", inside, inside, ""))
        return {"Source": number, "Destination": inside, "CallerId": caller, "Dialed": dialed}
    return {"Source": number, "Destination": outside_number(rng), "CallerId": caller, "Dialed": "+15550100"}


def make_starts(rng: random.Random, count: int, now: int, names: frozenset[str]) -> list[int]:
    """The instants at which the calls began, ascending, all before now."""
    days = 400 if "long_history" in names else 12 if count >= 40 else 3
    if "one_second" in names:
        return [now - 7200] * count
    hours = [*range(8, 18)] * 3 + [0, 0, 3, 6, 7, 18, 19, 20, 21, 22, 23, 23, 23]
    starts: list[int] = []
    for _ in range(count):
        chance = rng.random()
        if starts and chance < 0.08:
            start = rng.choice(starts)
        elif starts and chance < 0.22:
            start = rng.choice(starts) + rng.randint(1, 50)
        else:
            midnight = now - now % DAY - rng.randrange(days) * DAY
            start = midnight + rng.choice(hours) * 3600 + rng.randrange(3600)
        while start > now - 1200:
            start -= DAY
        starts.append(start)
    running = 0 if "only_ended" in names else 3 if count >= 40 else 1 if count >= 3 else 0
    for index in range(running):
        starts[index] = now - rng.randint(10, 600)
    return sorted(starts)


def make_call_id(rng: random.Random, taken: list[str], names: frozenset[str]) -> str:
    """A new identifier; a few differ from another one in case or by a further character only."""
    while True:
        if "guid_call_ids" in names:
            word = "%08x-%04x-4%03x-a%03x-%012x" % tuple(rng.getrandbits(b) for b in (32, 16, 12, 12, 48))
        elif "numeric_call_ids" in names:
            word = str(rng.randrange(10**6, 10**7))
        else:
            word = "".join(rng.choice(ALPHABET) for _ in range(rng.choice((5, 5, 6))))
            chance = rng.random()
            if taken and chance < 0.03:
                word = rng.choice(taken).swapcase()
            elif taken and chance < 0.08:
                word = (rng.choice(taken) + rng.choice(ALPHABET))[:6]
        if word not in taken:
            return word


def make_call(
    rng: random.Random, number: int, start: int, running: bool, call_id: str, names: frozenset[str]
) -> Call:
    """One call with everything but its place in time made by chance."""
    direction = rng.choices(DIRECTIONS, (40, 6, 30, 24))[0]
    if "all_internal" in names:
        direction = "Internal"
    elif "one_extension" in names:
        direction = "Inbound" if direction in ("Internal", "Inbound") else "Outbound"
    state = rng.choices((*ANSWERED, *UNANSWERED), (38, 24, 6, 4, 12, 6, 6, 2, 2))[0]
    if "no_missed" in names and state in UNANSWERED:
        state = "CallerHungUp"
    if running:
        state = "InCall"
    kind = "Audio" if "audio_only" in names else rng.choices(TYPES, (88, 8, 4))[0]
    parties = make_parties(rng, direction, ("102",) if "one_extension" in names else EXTENSIONS)
    return Call(number, start, {"Direction": direction, **parties, "State": state, "Type": kind, "CallId": call_id})


def make_world(rows: int, seed: int, now: int, names: frozenset[str]) -> list[Call]:
    """The history at the start, ascending by StartTime."""
    rng = random.Random(f"ozeki {seed}")
    starts = make_starts(rng, rows, now, names)
    identifiers: list[str] = []
    calls = []
    for number, start in enumerate(starts):
        identifiers.append(make_call_id(rng, identifiers, names))
        calls.append(make_call(rng, number, start, start > now - 1200, identifiers[-1], names))
    return calls


# ------------------------------------------------------------------------------------------------ one request


class Refusal(Exception):
    """A request that is answered by an error code."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass
class Query:
    """A request, decoded."""

    values: dict[str, str]  # documented name -> value
    method: str
    memory: dict[str, str]  # what the connection remembers; only defects use it
    filters: dict[str, str] = field(default_factory=dict)
    since: int | None = None
    size: int | None = None
    page: int = 0


@dataclass
class Reply:
    """An answer before it is written."""

    code: int
    message: str
    total: int | None = None
    calls: list[Call] = field(default_factory=list)
    query: Query | None = None


def decode_pairs(text: str) -> list[tuple[str, str]]:
    """The parameters of a query or form."""
    pairs = []
    for part in text.split("&"):
        name, _, value = part.partition("=")
        if part:
            pairs.append((unquote_plus(name, errors="replace"), unquote_plus(value, errors="replace")))
    return pairs


def escape(text: str) -> str:
    """Text for the content of an element; characters that XML forbids are dropped."""
    text = re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def like(pattern: str) -> re.Pattern[str]:
    """The regular expression of an SQL pattern."""
    return re.compile("".join({"%": ".*", "_": "."}.get(c, re.escape(c)) for c in pattern), re.DOTALL)


class History:
    """The history with the command on it."""

    def __init__(self, rows: int, seed: int, now: float, names: frozenset[str]) -> None:
        self.names = names
        self.begun = int(now)
        self.clock_skew = now - time.time()
        self.zone = 7200 if "zone_plus_two" in names else 0
        self.rng = random.Random(f"later {seed}")
        self.calls = self.sort(make_world(rows, seed, self.begun, names))
        self.by_number = {call.number: call for call in self.calls}
        self.written: dict[int, str] = {}
        self.lock = threading.Lock()
        self.cache: dict[object, Reply] = {}
        self.logged_in: set[str] = set()
        self.first_total: int | None = None
        self.requests = 0
        self.grown = 0

    def on(self, name: str) -> bool:
        """Whether a habit or defect is switched on."""
        return name in self.names

    def sort(self, calls: list[Call]) -> list[Call]:
        """The calls in the order of the list."""
        if self.on("ties_by_call_id"):
            calls = sorted(calls, key=lambda c: (c.start, c.texts["CallId"]))
        elif self.on("ties_reversed"):
            calls = sorted(calls, key=lambda c: (c.start, -c.number))
        elif self.on("order_by_time_of_day"):
            calls = sorted(calls, key=lambda c: (c.start % DAY, c.number))
        elif self.on("page_sorted_only"):
            calls = sorted(calls, key=lambda c: c.texts["CallId"])
        else:
            calls = sorted(calls, key=lambda c: (c.start, c.number))
        return calls[::-1] if self.on("newest_first") else calls

    def move(self) -> None:
        """Let the history follow the clock, for the habits that want it."""
        age = int(time.time() + self.clock_skew) - self.begun
        if self.on("history_grows"):
            fresh = []
            for step in range(len(self.by_number), len(self.by_number) + 200):
                if self.grown >= age // 6:
                    break
                self.grown += 1
                call_id = make_call_id(self.rng, [c.texts["CallId"] for c in self.calls], self.names)
                fresh.append(make_call(self.rng, step, self.begun + 6 * self.grown, False, call_id, self.names))
            for call in fresh:
                self.by_number[call.number] = call
            if fresh:
                self.calls = self.sort(self.calls + fresh)
        if self.on("calls_end") and age >= 20:
            for call in self.calls:
                if call.texts["State"] == "InCall":
                    call.texts["State"] = "CallerHungUp"
                    self.written.pop(call.number, None)

    # ------------------------------------------------------------------------------------------- reading

    def read(self, pairs: list[tuple[str, str]], method: str, memory: dict[str, str]) -> Query:
        """The documented parameters of a request; names in any case, of repeated ones the first."""
        known = {name if self.on("strict_names") else name.lower(): name for name in PARAMETERS}
        values: dict[str, str] = {}
        for word, value in pairs:
            name = known.get(word if self.on("strict_names") else word.lower())
            if name is None:
                if self.on("unknown_parameter_302"):
                    raise Refusal(302, f"Invalid parameter: '{word}' is unknown in command {COMMAND}.")
                continue
            if self.on("trimmed_values"):
                value = value.strip()
            if name in values and self.on("repeated_302"):
                raise Refusal(302, f"Invalid parameter: '{name}' is repeated in command {COMMAND}.")
            if name not in values or self.on("repeated_last"):
                values[name] = value
        return Query(values, method, memory)

    def check_command(self, query: Query) -> None:
        """Only ListCallHistory is implemented."""
        command = query.values.get("command", "")
        if self.on("any_command"):
            return
        if not command:
            raise Refusal(302, "Invalid parameter: 'command' is missing.")
        if command != COMMAND and not (self.on("lax_command") and command.lower() == COMMAND.lower()):
            raise Refusal(301, f"Not implemented command: '{command}'.")

    def accepts(self, user: str, password: str) -> bool:
        """Whether a user has this password."""
        for index, account in enumerate(CREDENTIALS):
            name, secret = account["Username"], account["Password"]
            if self.on("second_account_refused") and index:
                continue
            if self.on("special_password_refused") and not secret.isalnum():
                continue
            right_name = name == user
            if self.on("any_username") or self.on("username_missing") and not user:
                right_name = True
            if self.on("username_prefix"):
                right_name = right_name or user.startswith(name)
            right = secret == password
            if self.on("any_password"):
                right = True
            if self.on("password_prefix"):
                right = right or len(password) > 2 and secret.startswith(password)
            if self.on("password_first_six"):
                right = right or secret[:6] == password[:6]
            if self.on("password_ignores_case"):
                right = right or secret.lower() == password.lower()
            if self.on("password_empty") or self.on("password_missing"):
                right = right or not password
            if self.on("password_of_another"):
                right = right or any(other["Password"] == password for other in CREDENTIALS)
            if right_name and right:
                return True
        return False

    def authenticate(self, query: Query) -> None:
        """Username and Password are mandatory and must fit."""
        user, password = query.values.get("Username", ""), query.values.get("Password", "")
        missing = not user or not password
        if self.on("password_empty") and user and "Password" in query.values:
            missing = False
        if self.on("password_missing") and user and "Password" not in query.values:
            missing = False
        if self.on("username_missing") and password:
            missing = False
        if self.on("connection_remembers_login") and "login" in query.memory:
            return
        if missing:
            if self.on("missing_login_302"):
                raise Refusal(302, f"Invalid parameter: Username or Password is missing in command {COMMAND}.")
            raise Refusal(304, "Authentication required.")
        if self.on("login_remembered") and user in self.logged_in:
            return
        if self.on("later_pages_open") and query.values.get("PageNumber", "0") not in ("", "0"):
            return
        if self.on("post_open") and query.method == "POST" or self.on("callid_open") and query.values.get("CallId"):
            return
        if not self.accepts(user, password):
            raise Refusal(305, "Authentication failed: bad username or password.")
        self.logged_in.add(user)
        query.memory["login"] = user

    def number(self, query: Query, name: str, least: int) -> int | None:
        """The value of a paging parameter, None if absent."""
        text = query.values.get(name, "")
        if not text:
            return None
        if re.fullmatch("[0-9]{1,18}", text) and int(text) >= least:
            return int(text)
        if self.on("bad_paging_ignored"):
            return None
        raise Refusal(302, f"Invalid parameter: {name}='{text}' in command {COMMAND}.")

    def read_from(self, query: Query) -> int | None:
        """The instant of From as an epoch, None if absent."""
        text = query.values.get("From", "")
        if not text:
            if self.on("empty_from_is_today") and "From" in query.values:
                return self.begun - self.begun % DAY
            return None
        form = r"(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)"
        if self.on("from_lenient"):
            form = r"(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d)(?::(\d\d))?)?"
        found = re.fullmatch(form, text, re.ASCII)
        parts = [int(part or 0) for part in found.groups()] if found else [0]
        if len(parts) == 6:
            if self.on("from_day_month_swapped") and parts[2] <= 12:
                parts[1], parts[2] = parts[2], parts[1]
            if self.on("from_12_hours") and parts[3] > 12:
                parts[3] -= 12
            if self.on("from_seconds_dropped"):
                parts[5] = 0
            if self.on("from_day_only"):
                parts[3:] = [0, 0, 0]
        try:
            since = int((datetime(*parts) - EPOCH).total_seconds()) - self.zone  # type: ignore[arg-type]
        except (TypeError, ValueError):
            if self.on("bad_from_ignored"):
                return None
            raise Refusal(302, f"Invalid parameter: From='{text}' in command {COMMAND}.") from None
        if self.on("from_past_year_refused") and parts[0] < time.gmtime(self.begun).tm_year:
            raise Refusal(302, f"Invalid parameter: From='{text}' in command {COMMAND}.")
        if self.on("from_future_refused") and since > time.time() + self.clock_skew:
            raise Refusal(302, f"Invalid parameter: From='{text}' in command {COMMAND}.")
        if self.on("from_midnight_unset") and parts[3:] == [0, 0, 0]:
            return None
        if self.on("from_hour_early"):
            since -= 3600
        if self.on("from_hour_late"):
            since += 3600
        if self.on("from_rounded_up"):
            since += -since % 60
        return since

    def read_filters(self, query: Query) -> None:
        """Filters, From and paging of a request; an empty value is an absent one."""
        size = self.number(query, "RowsPerPage", 0 if self.on("zero_rows_none") else 1)
        default = 20 if self.on("default_20_rows") else 100 if self.on("default_100_rows") else None
        query.size = default if size is None else size
        if self.on("rows_capped_50") and size is not None:
            query.size = min(size, 50)
        query.page = self.number(query, "PageNumber", 0) or 0
        query.since = self.read_from(query)
        query.filters = {name: query.values[name] for name in FILTERS if query.values.get(name)}
        filters = query.filters
        direction = filters.get("Direction", "Internal")
        if self.on("words_ignore_case"):
            for name, words in (("Direction", DIRECTIONS), ("State", STATES), ("Type", TYPES)):
                if name in filters:
                    proper = {word.lower(): word for word in words}
                    filters[name] = proper.get(filters[name].lower(), filters[name])
            direction = filters.get("Direction", "Internal")
        if direction not in DIRECTIONS and not self.on("bad_direction_empty"):
            raise Refusal(302, f"Invalid parameter: Direction='{direction}' in command {COMMAND}.")
        if self.on("state_alias"):
            alias = {"CallerHangUp": "CallerHungUp", "CalleeHangUp": "CalleeHungUp"}
            if "State" in filters:
                filters["State"] = alias.get(filters["State"], filters["State"])
        if self.on("bad_state_302"):
            for name, words in (("State", (*STATES, "CallerHangUp", "CalleeHangUp")), ("Type", TYPES)):
                if filters.get(name, words[0]) not in words:
                    raise Refusal(302, f"Invalid parameter: {name}='{filters[name]}' in command {COMMAND}.")
        self.spoil_filters(query)

    def spoil_filters(self, query: Query) -> None:
        """The defects that lose or change a filter before the search."""
        filters = query.filters
        for defect, name in IGNORED.items():
            if self.on(defect):
                filters.pop(name, None)
                query.since = None if name == "From" else query.since
        if (
            self.on("external_refused")
            and filters.get("Direction") == "External"
            or self.on("empty_direction_refused")
            and query.values.get("Direction") == ""
        ):
            raise Refusal(302, f"Invalid parameter: Direction in command {COMMAND}.")
        if self.on("empty_dialed_is_value") and query.values.get("Dialed") == "":
            filters["Dialed"] = ""
        if self.on("only_internal_filtered") and filters.get("Direction") != "Internal":
            filters.pop("Direction", None)
        if self.on("type_only_audio") and filters.get("Type") != "Audio":
            filters.pop("Type", None)
        if self.on("state_rare_ignored") and not filters.get("State", "").endswith("HungUp"):
            filters.pop("State", None)
        if self.on("in_and_out_swapped") and filters.get("Direction") in ("Inbound", "Outbound"):
            filters["Direction"] = "Outbound" if filters["Direction"] == "Inbound" else "Inbound"
        if self.on("callerid_latin1") and "CallerId" in filters:
            filters["CallerId"] = filters["CallerId"].encode().decode("latin-1")
        if self.on("callerid_cut_at_quote") and "CallerId" in filters:
            filters["CallerId"] = filters["CallerId"].split("'")[0]
        if self.on("dialed_decoded_twice") and "Dialed" in filters:
            filters["Dialed"] = unquote_plus(filters["Dialed"])
        if self.on("source_ignored_with_destination") and "Destination" in filters:
            filters.pop("Source", None)
        if self.on("from_ignored_with_direction") and "Direction" in filters:
            query.since = None
        if self.on("state_ignored_with_type") and "Type" in filters:
            filters.pop("State", None)
        if self.on("last_filter_only"):
            for name in list(filters)[:-1]:
                del filters[name]
        if self.on("third_filter_ignored"):
            for name in list(filters)[2:]:
                del filters[name]
        if self.on("connection_keeps_filters"):
            query.memory.update(filters)
            query.filters = {name: query.memory[name] for name in FILTERS if name in query.memory}
        if query.method == "POST" and self.on("post_filters_ignored"):
            filters.clear()
            query.since = None
        if query.method == "POST" and self.on("post_paging_ignored"):
            query.page = 0
        if query.method == "POST" and self.on("rows_post_ignored"):
            query.size = None
        if self.on("from_first_page_only") and query.page:
            query.since = None

    # ------------------------------------------------------------------------------------------- searching

    def test(self, name: str, wanted: str) -> Callable[[Call], bool]:
        """The condition of one filter: the value is equal."""
        column = name
        for defect, (asked, taken) in WRONG_COLUMN.items():
            if self.on(defect) and asked == name:
                column = taken
        if name == "Direction":
            return self.test_direction(wanted)
        if name == "Source" and self.on("source_prefix") or name == "CallId" and self.on("callid_prefix"):
            return lambda c: c.texts[column].startswith(wanted)
        if name == "Destination" and self.on("destination_suffix"):
            return lambda c: c.texts[column].endswith(wanted)
        if name == "CallId" and self.on("callid_ignores_case"):
            return lambda c: c.texts[column].lower() == wanted.lower()
        if name == "CallerId" and self.on("callerid_numeric") and wanted.isdecimal():
            return lambda c: c.texts[column].lstrip("0") == wanted.lstrip("0")
        if name == "CallerId" and self.on("callerid_like"):
            pattern = like(wanted)
            return lambda c: pattern.fullmatch(c.texts[column]) is not None
        if name == "Source" and self.on("source_misses_outside"):
            return lambda c: c.texts[column] == wanted and c.texts["Direction"] in ("Internal", "Outbound")
        if name == "Destination" and self.on("destination_misses_outbound"):
            return lambda c: c.texts[column] == wanted and c.texts["Direction"] != "Outbound"
        if name == "Destination" and self.on("destination_misses_redirected"):
            return lambda c: c.texts[column] == wanted and c.texts["Dialed"] == wanted
        if name == "State" and self.on("hung_up_merged") and wanted == "CallerHungUp":
            return lambda c: c.texts[column].endswith("HungUp")
        if name == "State" and self.on("incall_never_found") and wanted == "InCall":
            return lambda c: False
        if name == "Type" and self.on("type_contains"):
            return lambda c: wanted in c.texts[column]
        return lambda c: c.texts[column] == wanted

    def test_direction(self, wanted: str) -> Callable[[Call], bool]:
        """The condition of the Direction filter."""
        words = {wanted}
        if wanted == "External" and self.on("external_is_union"):
            words = {"External", "Inbound", "Outbound"}
        if wanted == "External" and self.on("external_finds_nothing"):
            words = set()
        if wanted == "Internal" and self.on("internal_includes_external"):
            words = {"Internal", "External"}
        if wanted == "Inbound" and self.on("inbound_misses_missed"):
            return lambda c: c.texts["Direction"] == wanted and c.texts["State"] != "NotAnswered"
        return lambda c: c.texts["Direction"] in words

    def select(self, filters: dict[str, str], since: int | None) -> list[Call]:
        """The calls that fulfil all filters."""
        tests = [self.test(name, wanted) for name, wanted in filters.items()]
        if since is not None:
            if self.on("from_is_until"):
                tests.append(lambda c: c.start <= since)
            elif self.on("from_exclusive"):
                tests.append(lambda c: c.start > since)
            else:
                tests.append(lambda c: c.start >= since)
        found = self.calls
        if self.on("scan_limit_200") and tests:
            found = found[:200]
        if self.on("one_in_50_skipped") and tests:
            found = [c for c in found if c.number % 50 != 17]
        if self.on("old_only_with_from") and since is None:
            found = [c for c in found if c.start > self.begun - 7 * DAY]
        if self.on("missed_only_when_asked") and "State" not in filters:
            found = [c for c in found if c.texts["State"] != "NotAnswered"]
        if self.on("filters_or") and tests:
            found = [c for c in found if any(test(c) for test in tests)]
        else:
            for test in tests:
                found = [c for c in found if test(c)]
        if self.on("filtered_descending") and "Source" in filters:
            found = found[::-1]
        if self.on("order_rotates") and found:
            turn = self.requests * 7 % len(found)
            found = found[turn:] + found[:turn]
        return found

    def cut(self, found: list[Call], query: Query) -> list[Call]:
        """The rows of the page; without a size there is one page only."""
        page, size = query.page, query.size
        narrowed = bool(query.filters) or query.since is not None
        if self.on("rows_ignored") or self.on("rows_ignored_with_from") and query.since is not None:
            size = None
        if size is None:
            return found if page == 0 or self.on("page_ignored") else []
        if size == 0:
            return []
        if self.on("page_ignored") or self.on("page_needs_no_filter") and narrowed:
            page = 0
        if self.on("page_from_one"):
            page = max(page - 1, 0)
        if self.on("page_first_digit"):
            page = int(str(page)[0])
        if self.on("default_page_last") and not query.values.get("PageNumber"):
            page = max(len(found) - 1, 0) // size
        if self.on("rows_tens"):
            size += -size % 10
        first = page * size
        last = first + size
        if self.on("past_the_end_repeats") and first >= len(found) > 0:
            first = (len(found) - 1) // size * size
        if self.on("past_the_end_first") and first >= len(found):
            first, last = 0, size
        if self.on("page_is_row"):
            first, last = page, page + size
        if self.on("page_steps_of_20"):
            first, last = page * 20, page * 20 + size
        if self.on("pages_overlap") and page:
            first, last = page * (size - 1), page * (size - 1) + size
        if self.on("rows_one_more") or self.on("rows_one_is_two") and size == 1:
            last += 1
        if self.on("rows_over_100_all") and size > 100 or self.on("rows_first_page_only") and page:
            last = len(found)
        if self.on("page_loses_last_row") and last <= len(found):
            last -= 1
        if self.on("page_ten_empty") and page >= 10 or self.on("last_page_missing") and first < len(found) < last:
            return []
        if self.on("last_page_filled") and first < len(found) < last:
            first = max(len(found) - size, 0)
        if self.on("ties_flip") and page % 2:
            found = sorted(found, key=lambda c: (c.start, -c.number))
        if self.on("ties_lost") and 0 < first < len(found):
            ended = found[first - 1].start
            return [c for c in found[first:last] if c.start != ended]
        if self.on("filters_forgotten_later") and page:
            found = self.calls
        if self.on("filter_after_paging"):
            matching = {c.number for c in found}
            return [c for c in self.calls[first:last] if c.number in matching]
        if self.on("page_offset_unfiltered") and page:
            rest = {c.number for c in self.calls[first:]}
            return [c for c in found if c.number in rest][:size]
        if self.on("page_sorted_only"):
            return sorted(found[first:last], key=lambda c: (c.start, c.number))
        return found[first:last]

    def count(self, found: list[Call], shown: list[Call], query: Query) -> int:
        """TotalRecords: the calls found after filtering."""
        total = len(found)
        narrowed = bool(query.filters) or query.since is not None
        first = query.page * (query.size or total)
        if self.on("total_is_page"):
            total = len(shown)
        if self.on("total_unfiltered"):
            total = len(self.calls)
        if self.on("total_ignores_from"):
            total = len(self.select(query.filters, None))
        if self.on("total_ignores_state"):
            total = len(self.select({n: w for n, w in query.filters.items() if n != "State"}, query.since))
        if self.on("total_capped_100"):
            total = min(total, 100)
        if self.on("total_less_on_last") and query.page and 0 < len(shown) < (query.size or 0):
            total -= 1
        if self.on("total_zero_past_end") and first >= total:
            total = 0
        if self.on("total_of_pages") and query.size:
            total = -(-total // query.size)
        if self.on("total_remaining"):
            total = max(total - first, 0)
        if self.on("total_of_seconds"):
            total = len({c.start for c in found})
        if self.on("total_without_video"):
            total = sum(c.texts["Type"] != "Video" for c in found)
        if self.on("total_less_when_filtered") and narrowed and total > 1:
            total -= 1
        if self.on("total_remembered"):
            self.first_total = total if self.first_total is None else self.first_total
            total = self.first_total
        return total

    def cache_key(self, query: Query) -> object:
        """The key of the defects that remember answers, None without them."""
        values = query.values
        if self.on("cache_by_page"):
            return values.get("PageNumber"), values.get("RowsPerPage")
        if self.on("cache_without_from"):
            return tuple(sorted((n, v) for n, v in values.items() if n != "From"))
        if self.on("cache_without_password"):
            return tuple(sorted((n, v) for n, v in values.items() if n != "Password"))
        if self.on("cache_ignores_case"):
            return tuple(sorted((n, v.lower()) for n, v in values.items()))
        return None

    def run(self, query: Query) -> Reply:
        """Carry out the command."""
        if self.on("auth_before_command"):
            self.authenticate(query)
        self.check_command(query)
        key = self.cache_key(query)
        if key in self.cache and self.on("cache_without_password"):
            return self.cache[key]
        if not self.on("auth_before_command"):
            self.authenticate(query)
        if key in self.cache:
            return self.cache[key]
        self.read_filters(query)
        found = self.select(query.filters, query.since)
        if self.on("past_the_end_302") and query.page and query.page * (query.size or len(found)) >= len(found):
            raise Refusal(302, f"Invalid parameter: PageNumber='{query.page}' in command {COMMAND}.")
        shown = self.cut(found, query)
        total = self.count(found, shown, query)
        if self.on("transfers_twice"):
            shown = [c for call in shown for c in [call] * (1 + (call.texts["State"] == "TransferCompleted"))]
        if self.on("second_row_repeats_first") and len(shown) == 2:
            shown = [shown[0], shown[0]]
        code = 200
        if self.on("code_zero"):
            code = 0
        if self.on("code_404_when_empty") and not shown:
            code = 404
        if self.on("code_206_on_pages") and query.size and (query.page + 1) * query.size < len(found):
            code = 206
        reply = Reply(code, SUCCESS, total, shown, query)
        if key is not None:
            self.cache[key] = reply
        return reply

    def answer(self, pairs: list[tuple[str, str]], method: str, memory: dict[str, str]) -> Reply:
        """The answer to a request."""
        with self.lock:
            self.requests += 1
            self.move()
            try:
                return self.run(self.read(pairs, method, memory))
            except Refusal as refusal:
                return self.refuse(refusal)

    def refuse(self, refusal: Refusal) -> Reply:
        """The answer with an error code."""
        message = refusal.message
        if self.on("terse_messages"):
            message = {301: "NotImplementedCommand", 302: "InvalidParameter"}.get(refusal.code, "Unauthenticated")
        if self.on("message_empty_on_error"):
            message = ""
        if self.on("message_success_on_error"):
            message = SUCCESS
        if self.on("wrong_password_200") and refusal.code == 305:
            return Reply(200, SUCCESS, 0)
        if self.on("refused_with_rows") and refusal.code == 305:
            return Reply(refusal.code, message, len(self.calls), self.calls[:20])
        if self.on("errors_with_empty_lists"):
            return Reply(refusal.code, message, 0)
        return Reply(refusal.code, message)

    # ------------------------------------------------------------------------------------------- writing

    def write_start(self, call: Call) -> str:
        """StartTime in the form of the document."""
        moment = EPOCH + timedelta(seconds=call.start + self.zone)
        if self.on("start_inbound_early") and call.texts["Direction"] == "Inbound":
            moment -= timedelta(hours=1)
        if self.on("start_late_next_day") and moment.hour == 23:
            moment += timedelta(days=1)
        form = "%Y-%m-%d %H:%M:%S"
        if self.on("start_12_hours"):
            form = "%Y-%m-%d %I:%M:%S"
        if self.on("start_month_for_minute"):
            form = "%Y-%m-%d %H:%m:%S"
        if self.on("start_iso_on_minute") and call.texts["Type"] == "Video":
            form = "%Y-%m-%dT%H:%M:%S"
        if self.on("start_day_month"):
            form = "%d.%m.%Y %H:%M:%S"
        text = moment.strftime(form)
        return text.replace(" 0", " ") if self.on("start_unpadded") else text

    def show(self, call: Call) -> dict[str, str]:
        """The details of a call as they are shown."""
        row = {"StartTime": self.write_start(call), **call.texts}
        before = self.by_number.get(call.number - 1, call).texts
        direction, state = row["Direction"], row["State"]
        if self.on("inbound_swapped") and direction == "Inbound":
            row["Source"], row["Destination"] = row["Destination"], row["Source"]
        if self.on("outbound_ids_swapped") and direction == "Outbound":
            row["CallerId"], row["Dialed"] = row["Dialed"], row["CallerId"]
        if self.on("dialed_shows_destination"):
            row["Dialed"] = row["Destination"]
        if self.on("callerid_shows_source"):
            row["CallerId"] = row["Source"]
        if self.on("external_shown_outbound") and direction == "External":
            row["Direction"] = "Outbound"
        if self.on("missed_direction_lower") and state == "NotAnswered":
            row["Direction"] = direction.lower()
        if self.on("direction_incoming") and direction == "Inbound":
            row["Direction"] = "Incoming"
        if self.on("busy_shown_missed") and state == "Busy":
            row["State"] = "NotAnswered"
        if self.on("callid_cut"):
            row["CallId"] = row["CallId"][:5]
        if self.on("callid_lower"):
            row["CallId"] = row["CallId"].lower()
        if self.on("callid_of_neighbour") and call.number % 50 == 23:
            row["CallId"] = before["CallId"]
        if self.on("destination_of_neighbour") and call.number % 50 == 31:
            row["Destination"] = before["Destination"]
        if self.on("state_of_neighbour") and call.number % 40 == 11:
            row["State"] = before["State"]
        if self.on("callerid_cut_20"):
            row["CallerId"] = row["CallerId"][:20]
        if self.on("callerid_question_marks"):
            row["CallerId"] = row["CallerId"].encode("ascii", "replace").decode()
        if self.on("plus_stripped"):
            row["Dialed"] = row["Dialed"].lstrip("+")
        if self.on("zeros_stripped"):
            row["Dialed"] = row["Dialed"].lstrip("0")
        if self.on("incall_without_state") and state == "InCall":
            del row["State"]
        if self.on("same_dialed_absent") and row["Dialed"] == row["Destination"]:
            del row["Dialed"]
        if self.on("video_without_type") and row["Type"] != "Audio":
            del row["Type"]
        if self.on("empty_fields_absent"):
            row = {name: value for name, value in row.items() if value}
        return row

    def element(self, name: str, text: str, cdata: bool = False) -> str:
        """An element with text."""
        if not text and self.on("self_closed_empties"):
            return f"<{name} />"
        if cdata and text:
            return f"<{name}><![CDATA[{text}]]></{name}>"
        text = escape(text)
        if self.on("escaped_twice"):
            text = escape(text)
        if self.on("ampersand_raw"):
            text = text.replace("&amp;", "&")
        return f"<{name}>{text}</{name}>"

    def write_call(self, call: Call) -> str:
        """The lines within a Call element; remembered, as a call seldom changes."""
        text = self.written.get(call.number)
        if text is None:
            row = self.show(call)
            order = TABLE_ORDER if self.on("table_order") else FIELDS
            cdata = self.on("cdata_texts")
            lines = [self.element(name, row[name], cdata) for name in order if name in row]
            if self.on("extra_fields"):
                lines.append(f"<Duration>{call.start % 977}</Duration>")
                lines.append("<Recorded>false</Recorded>")
            text = "".join(f"      {line}\n" for line in lines)
            self.written[call.number] = text
        return text

    def write_history(self, reply: Reply) -> list[str]:
        """The element CallHistory, in pieces."""
        if not reply.calls:
            absent = self.on("history_absent_when_empty")
            if self.on("history_absent_past_end") and reply.query and reply.query.page:
                absent = True
            return [] if absent else [f"  {self.element('CallHistory', '')}\n"]
        name = "CallInfo" if self.on("call_info") else "Call"
        if self.on("single_call_flat") and len(reply.calls) == 1:
            return ["  <CallHistory>\n", self.write_call(reply.calls[0]), "  </CallHistory>\n"]
        pieces = ["  <CallHistory>\n"]
        for index, call in enumerate(reply.calls):
            mark = f' index="{index}"' if self.on("call_attributes") else ""
            pieces.append(f"    <{name}{mark}>\n{self.write_call(call)}    </{name}>\n")
        pieces.append("  </CallHistory>\n")
        return pieces

    def write(self, reply: Reply) -> bytes:
        """The body of an answer."""
        declaration = '<?xml version="1.0"?>\n'
        if self.on("declaration_with_encoding"):
            declaration = '<?xml version="1.0" encoding="utf-8" standalone="yes"?>\n'
        spaces = ' xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        if self.on("xsi_before_xsd"):
            spaces = (
                " xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xmlns:xsd='http://www.w3.org/2001/XMLSchema'"
            )
        pieces = ["" if self.on("no_declaration") else declaration]
        if self.on("xml_comment"):
            pieces.append("<!-- Ozeki Phone System -->\n")
        pieces.append("<Response>\n" if self.on("no_namespaces") else f"<Response{spaces}>\n")
        failed = reply.total is None or reply.code >= 300
        if not (
            self.on("code_absent_when_empty")
            and not failed
            and not reply.calls
            or self.on("code_absent_on_error")
            and failed
        ):
            pieces.append(f"  <Code>{reply.code}</Code>\n")
        if not (self.on("message_absent") and reply.query and reply.query.filters):
            pieces.append(f"  {self.element('Message', reply.message)}\n")
        if reply.total is not None:
            if reply.total or not self.on("total_absent_at_zero"):
                pieces.append(f"  <TotalRecords>{reply.total}</TotalRecords>\n")
            pieces.extend(self.write_history(reply))
            if self.on("extra_envelope"):
                page = reply.query.page if reply.query else 0
                pieces.append(f"  <PageNumber>{page}</PageNumber>\n  <ServerTime>{self.begun}</ServerTime>\n")
            if self.on("notification_name"):
                pieces.append("  <NotificationName>CallConnected</NotificationName>\n")
        pieces.append("</Response>\n")
        text = "".join(pieces)
        if self.on("compact_xml"):
            text = re.sub(r">\n *<", "><", text).strip()
        if self.on("tabs_and_crlf"):
            text = re.sub(r"(?m)^ +", lambda m: "\t" * (len(m[0]) // 2), text).replace("\n", "\r\n")
        if self.on("numeric_escapes") and not self.on("cdata_texts"):
            return text.encode("ascii", "xmlcharrefreplace")
        if self.on("latin1_bytes"):
            return text.encode("latin-1", "replace")
        return (b"\xef\xbb\xbf" if self.on("byte_order_mark") else b"") + text.encode()


# -------------------------------------------------------------------------------------------------------- HTTP


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16
    timeout = 60
    server: Server

    def setup(self) -> None:
        """Begin a connection, which remembers nothing."""
        super().setup()
        self.memory: dict[str, str] = {}

    def version_string(self) -> str:
        """The Server header."""
        return "Microsoft-HTTPAPI/2.0"

    def log_message(self, format: str, *args: object) -> None:
        """Keep silent."""

    def send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        """Write a whole answer."""
        history = self.server.history
        chunked = history.on("chunked") and self.request_version == "HTTP/1.1" and not history.on("http_1_0")
        if history.on("gzip_when_asked") and "gzip" in self.headers.get("Accept-Encoding", ""):
            body = gzip.compress(body, 1)
            headers["Content-Encoding"] = "gzip"
            headers["Vary"] = "Accept-Encoding"
        if history.on("cookies"):
            headers["Set-Cookie"] = f"session={history.requests:08x}; Path=/; HttpOnly"
        if history.on("cache_headers"):
            headers.update(
                {
                    "Cache-Control": "no-cache, no-store",
                    "Pragma": "no-cache",
                    "Expires": "-1",
                    "X-Powered-By": "ASP.NET",
                    "X-Request-Id": f"{history.requests}",
                }
            )
        if history.on("connection_close"):
            self.close_connection = True
        if self.close_connection:
            headers["Connection"] = "close"
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status == 204:
            self.end_headers()
            return
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if not chunked:
            self.wfile.write(body)
            return
        for start in range(0, len(body), 1000):
            part = body[start : start + 1000]
            self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
        self.wfile.write(b"0\r\n\r\n")

    def read_body(self) -> bytes | None:
        """The body of the request, None if its length is not told properly."""
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not re.fullmatch("[0-9]{1,7}", length):
            self.close_connection = True
            return None
        return self.rfile.read(int(length))

    def handle_command(self) -> None:
        """Answer a request of any method."""
        history = self.server.history
        plain = {"Content-Type": "text/plain"}
        body = self.read_body()
        try:
            url = urlsplit(self.path)
        except ValueError:
            self.send(400, b"Bad request\n", plain)
            return
        if body is None:
            self.send(411, b"Length required\n", plain)
            return
        served = (
            url.path == BASE_PATH
            or history.on("any_path")
            or history.on("trailing_slash")
            and url.path == BASE_PATH + "/"
        )
        if not served:
            self.send(404, b"Not found\n", plain)
            return
        if self.command == "OPTIONS" and history.on("options_cors"):
            self.send(204, b"", {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Methods": "GET, POST"})
            return
        allowed = {"GET", "HEAD", "POST"}
        if history.on("post_refused"):
            allowed.discard("POST")
        if history.on("head_refused"):
            allowed.discard("HEAD")
        if self.command not in allowed:
            self.send(405, b"Method not allowed\n", {**plain, "Allow": ", ".join(sorted(allowed))})
            return
        raw = url.query
        if history.on("from_plus_not_decoded"):
            raw = re.sub(r"(From=[^&]*)", lambda m: m[1].replace("+", "%2B"), raw)
        pairs = decode_pairs(raw)
        if self.command == "POST":
            pairs += decode_pairs(body.decode("utf-8", "replace").strip())
        reply = history.answer(pairs, self.command, self.memory)
        status = 200
        if history.on("http_status_for_errors"):
            status = {301: 404, 302: 400, 304: 401, 305: 401}.get(reply.code, 200)
        kind = "text/xml; charset=utf-8" if history.on("text_xml") else "application/xml"
        headers = {"Content-Type": kind}
        if status == 401:
            headers["WWW-Authenticate"] = 'Basic realm="Ozeki"'
        self.send(status, history.write(reply), headers)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = do_PATCH = handle_command


class Handler10(Handler):
    """One connection of HTTP/1.0."""

    protocol_version = "HTTP/1.0"


class Server(ThreadingHTTPServer):
    """The server with its history."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, history: History) -> None:
        self.history = history
        super().__init__(("127.0.0.1", port), Handler10 if history.on("http_1_0") else Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that go away are no news; the rest is."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--rows", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--with", dest="names", nargs="?", default="", const="")
    parser.add_argument("--now", type=float, default=None)
    options = parser.parse_args()
    names = frozenset(name.strip() for name in options.names.split(",") if name.strip())
    unknown = sorted(names - HABITS.keys() - DEFECTS.keys())
    if unknown:
        parser.error("unknown names: " + ", ".join(unknown))
    now = time.time() if options.now is None else options.now
    server = Server(options.port, History(options.rows, options.seed, now, names))
    print(f"listening http://127.0.0.1:{server.server_address[1]}{BASE_PATH}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
