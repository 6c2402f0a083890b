"use strict";
(function () {
  var root = document.documentElement;
  root.classList.add("js");
  var status = document.getElementById("status");
  var form = document.querySelector("form.filter");
  var rows = Array.prototype.slice.call(document.querySelectorAll("table.clauses tbody tr"));

  // --- copy ---------------------------------------------------------------------------------------------

  function findingJson(article) {
    var found = {};
    article.querySelectorAll("[data-field]").forEach(function (part) {
      var text = part.textContent.trim();
      if (part.dataset.field === "step") { (found.steps = found.steps || []).push(text); return; }
      found[part.dataset.field] = text;
    });
    var table = article.querySelector("table.rows");
    if (table) {
      var names = Array.prototype.map.call(table.tHead.rows[0].cells, function (cell) { return cell.textContent; });
      found.rows = Array.prototype.map.call(table.tBodies[0].rows, function (row) {
        var values = {};
        Array.prototype.forEach.call(row.cells, function (cell, index) {
          if (cell.textContent) { values[names[index]] = cell.textContent; }
        });
        return values;
      });
    }
    return JSON.stringify(found, null, 2);
  }

  function copyByHand(text) {
    var area = document.createElement("textarea");
    area.value = text;
    area.className = "aside";
    document.body.appendChild(area);
    area.select();
    var done = false;
    try { done = document.execCommand("copy"); } catch (problem) { done = false; }
    area.remove();
    return done;
  }

  function tell(button, done) {
    var before = button.textContent;
    status.textContent = done ? "Copied" : "This browser does not let us copy: select the text instead";
    button.textContent = done ? "Copied" : "Select it";
    window.setTimeout(function () { button.textContent = before; status.textContent = ""; }, 1500);
  }

  document.addEventListener("click", function (event) {
    var button = event.target.closest ? event.target.closest("button.copy") : null;
    if (!button) { return; }
    var what = button.dataset.copy;
    var json = /\/json$/.test(what);
    var part = document.getElementById(json ? what.slice(0, -5) : what);
    var text = json ? findingJson(part) : part.textContent;
    if (navigator.clipboard && navigator.clipboard.writeText) {
      navigator.clipboard.writeText(text).then(
        function () { tell(button, true); },
        function () { tell(button, copyByHand(text)); });
    } else {
      tell(button, copyByHand(text));
    }
  });

  // --- filters, kept in the address: #promises?verdict=fail&level=must ------------------------------------

  var names = ["verdict", "level", "family", "text"];

  function wanted() {
    var found = {};
    var query = location.hash.split("?")[1];
    if (location.hash.indexOf("#promises?") === 0 && query) {
      new URLSearchParams(query).forEach(function (value, name) { found[name] = value; });
    }
    return found;
  }

  function show(values) {
    var shown = 0;
    var text = (values.text || "").toLowerCase();
    rows.forEach(function (row) {
      var fits = ["verdict", "level", "family"].every(function (name) {
        return !values[name] || row.dataset[name] === values[name];
      }) && (!text || row.textContent.toLowerCase().indexOf(text) >= 0);
      row.hidden = !fits;
      shown += fits ? 1 : 0;
    });
    document.querySelectorAll("section.family").forEach(function (section) {
      section.hidden = !section.querySelector("tbody tr:not([hidden])");
    });
    form.querySelector("output").textContent = shown + " of " + rows.length + " shown";
  }

  function followAddress() {
    var values = wanted();
    names.forEach(function (name) {
      form.elements[name].value = values[name] || "";
    });
    show(values);
    if (location.hash.indexOf("#promises?") === 0) { document.getElementById("promises").scrollIntoView(); }
    var part = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (part && part.tagName === "TR") {
      // A link to a row shows it, whatever was filtered before.
      part.scrollIntoView({ block: "center" });
    }
  }

  form.addEventListener("input", function () {
    var query = new URLSearchParams();
    names.forEach(function (name) {
      if (form.elements[name].value) { query.set(name, form.elements[name].value); }
    });
    var text = query.toString();
    history.replaceState(null, "", text ? "#promises?" + text : "#promises");
    show(wanted());
  });
  form.addEventListener("submit", function (event) { event.preventDefault(); });
  window.addEventListener("hashchange", followAddress);
  followAddress();
})();
