{{- /* What does not go together, and what no schema can say: all of it at once. */}}
{{- define "sd.check" -}}
{{- $faults := concat (include "sd.faults.parts" . | fromJsonArray) (include "sd.faults.security" . | fromJsonArray) (include "sd.faults.network" . | fromJsonArray) (include "sd.faults.bridges" . | fromJsonArray) }}
{{- if $faults }}
{{- fail (printf "these values do not go together:\n- %s" (join "\n- " $faults)) }}
{{- end }}
{{- end }}

{{- define "sd.faults.parts" -}}
{{- $faults := list }}
{{- with .Values.models }}
{{- if and .claim .url }}
{{- $faults = append $faults "models.claim and models.url are both set; give one of them" }}
{{- else if not (or .claim .url) }}
{{- $faults = append $faults "models.claim and models.url are both empty; say where the models stand" }}
{{- else if and .claim (or .endpoint .credentialsSecret) }}
{{- $faults = append $faults "models.endpoint and models.credentialsSecret are for a store at models.url, and models.claim is none; take them out" }}
{{- end }}
{{- end }}
{{- $most := int .Values.partitions }}
{{- with .Values.worker }}
{{- if .autoscaling.enabled }}
{{- if gt (int .autoscaling.minReplicas) $most }}
{{- $faults = append $faults (printf "worker.autoscaling.minReplicas is %d, but more workers than partitions (%d) are idle" (int .autoscaling.minReplicas) $most) }}
{{- end }}
{{- if and (ne (include "sd.protocol" $) "PLAINTEXT") (not .autoscaling.triggerAuthentication) }}
{{- $faults = append $faults (printf "Kafka is spoken to with %s, so KEDA needs worker.autoscaling.triggerAuthentication to see the lag" (include "sd.protocol" $)) }}
{{- end }}
{{- else if gt (int .replicas) $most }}
{{- $faults = append $faults (printf "worker.replicas is %d, but more workers than partitions (%d) are idle" (int .replicas) $most) }}
{{- end }}
{{- end }}
{{- with .Values.console }}
{{- if and .enabled (not (and .url .users.secret)) }}
{{- $faults = append $faults "the console is for others than this machine: give console.url (https://…) and console.users.secret" }}
{{- end }}
{{- if and .ingress.enabled (not .enabled) }}
{{- $faults = append $faults "console.ingress is enabled, but there is no console; set console.enabled" }}
{{- end }}
{{- end }}
{{- toJson $faults }}
{{- end }}

{{- define "sd.protocol" -}}
{{ .Values.settings.DETECTOR_KAFKA_SECURITY_PROTOCOL | default "PLAINTEXT" }}
{{- end }}

{{- /* As the programs say it when they start. */}}
{{- define "sd.faults.security" -}}
{{- $faults := list }}
{{- $settings := .Values.settings }}
{{- $files := .Values.files }}
{{- if not (or (hasKey $files "DETECTOR_REDIS_URL_FILE") (hasKey $settings "DETECTOR_REDIS_URL")) }}
{{- $faults = append $faults "the worker needs Redis; give settings.DETECTOR_REDIS_URL, or files.DETECTOR_REDIS_URL_FILE if there is a password in it" }}
{{- end }}
{{- range $name, $from := $files }}
{{- $setting := trimSuffix "_FILE" $name }}
{{- if hasKey $settings $setting }}
{{- $faults = append $faults (printf "settings.%s and files.%s are both set; give one of them" $setting $name) }}
{{- end }}
{{- if and (hasKey $from "configMap") (regexMatch "_((URL|KEY|PASSWORD|TOKEN|SECRET)_FILE|HEADERS)$" $name) }}
{{- $faults = append $faults (printf "files.%s is in a ConfigMap, which everybody may read; give a secret" $name) }}
{{- end }}
{{- end }}
{{- range $pair := list (list "KAFKA_CERTIFICATE" "KAFKA_KEY") (list "REDIS_CERTIFICATE" "REDIS_KEY") (list "WEBHOOK_URL" "WEBHOOK_SECRET") }}
{{- $one := printf "DETECTOR_%s_FILE" (first $pair) }}
{{- $other := printf "DETECTOR_%s_FILE" (last $pair) }}
{{- if ne (hasKey $files $one) (hasKey $files $other) }}
{{- $faults = append $faults (printf "files.%s and files.%s go together; give both" $one $other) }}
{{- end }}
{{- end }}
{{- $protocol := include "sd.protocol" . }}
{{- $mechanism := $settings.DETECTOR_KAFKA_SASL_MECHANISM | default "" }}
{{- if and (or (hasKey $files "DETECTOR_KAFKA_CA_FILE") (hasKey $files "DETECTOR_KAFKA_CERTIFICATE_FILE")) (not (hasSuffix "SSL" $protocol)) }}
{{- $faults = append $faults (printf "files.DETECTOR_KAFKA_CA_FILE and its like are for TLS, but settings.DETECTOR_KAFKA_SECURITY_PROTOCOL is %s; SSL or SASL_SSL has it" $protocol) }}
{{- end }}
{{- if and (hasPrefix "SASL" $protocol) (not $mechanism) }}
{{- $faults = append $faults (printf "settings.DETECTOR_KAFKA_SECURITY_PROTOCOL %s needs settings.DETECTOR_KAFKA_SASL_MECHANISM" $protocol) }}
{{- end }}
{{- if and $mechanism (not (hasPrefix "SASL" $protocol)) }}
{{- $faults = append $faults (printf "settings.DETECTOR_KAFKA_SASL_MECHANISM is set, but settings.DETECTOR_KAFKA_SECURITY_PROTOCOL is %s; SASL_SSL has it" $protocol) }}
{{- end }}
{{- $given := list (hasKey $settings "DETECTOR_KAFKA_USERNAME") (hasKey $files "DETECTOR_KAFKA_PASSWORD_FILE") }}
{{- if eq $mechanism "OAUTHBEARER" }}
{{- if eq (hasKey $settings "DETECTOR_KAFKA_TOKEN_URL") (hasKey $files "DETECTOR_KAFKA_TOKEN_FILE") }}
{{- $faults = append $faults "OAUTHBEARER needs either settings.DETECTOR_KAFKA_TOKEN_URL or files.DETECTOR_KAFKA_TOKEN_FILE" }}
{{- end }}
{{- else if and $mechanism (has false $given) }}
{{- $faults = append $faults (printf "%s needs settings.DETECTOR_KAFKA_USERNAME and files.DETECTOR_KAFKA_PASSWORD_FILE" $mechanism) }}
{{- else if and (not $mechanism) (has true $given) (not (hasPrefix "SASL" $protocol)) }}
{{- $faults = append $faults "settings.DETECTOR_KAFKA_USERNAME and files.DETECTOR_KAFKA_PASSWORD_FILE need settings.DETECTOR_KAFKA_SASL_MECHANISM" }}
{{- end }}
{{- if and (hasPrefix "redis://" ($settings.DETECTOR_REDIS_URL | default "")) (or (hasKey $files "DETECTOR_REDIS_CA_FILE") (hasKey $files "DETECTOR_REDIS_CERTIFICATE_FILE")) }}
{{- $faults = append $faults "files.DETECTOR_REDIS_CA_FILE and its like are for TLS, but settings.DETECTOR_REDIS_URL does not begin with rediss://" }}
{{- end }}
{{- toJson $faults }}
{{- end }}

{{- /* What the network policy would keep from where the values say that it is. */}}
{{- define "sd.faults.network" -}}
{{- $faults := list }}
{{- $settings := .Values.settings }}
{{- with .Values.networkPolicy }}
{{- if .enabled }}
{{- $open := toStrings .kafka.ports }}
{{- range regexFindAll ":[0-9]+([,;]|$)" $settings.DETECTOR_BROKER -1 }}
{{- $port := regexFind "[0-9]+" . }}
{{- if not (has $port $open) }}
{{- $faults = append $faults (printf "networkPolicy.kafka.ports lets nobody out to port %s of settings.DETECTOR_BROKER; name it there" $port) }}
{{- end }}
{{- end }}
{{- with $settings.DETECTOR_REDIS_URL }}
{{- $port := regexFind ":[0-9]+(/|\\?|$)" . | regexFind "[0-9]+" | default "6379" }}
{{- if not (has $port (toStrings $.Values.networkPolicy.redis.ports)) }}
{{- $faults = append $faults (printf "networkPolicy.redis.ports lets nobody out to port %s of settings.DETECTOR_REDIS_URL; name it there" $port) }}
{{- end }}
{{- end }}
{{- if not .egress }}
{{- $others := list }}
{{- if $.Values.models.url }}
{{- $others = append $others "models.url" }}
{{- end }}
{{- range list "DETECTOR_ALERTMANAGER_URL" "DETECTOR_KAFKA_TOKEN_URL" "DETECTOR_TRACES_URL" }}
{{- if hasKey $settings . }}
{{- $others = append $others (printf "settings.%s" .) }}
{{- end }}
{{- end }}
{{- range list "DETECTOR_ALERTMANAGER_URL_FILE" "DETECTOR_WEBHOOK_URL_FILE" }}
{{- if hasKey $.Values.files . }}
{{- $others = append $others (printf "files.%s" .) }}
{{- end }}
{{- end }}
{{- if $others }}
{{- $faults = append $faults (printf "networkPolicy.egress is empty, so nobody gets out to %s; say there what may be reached" (join ", " $others)) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- toJson $faults }}
{{- end }}

{{- define "sd.faults.bridges" -}}
{{- $faults := list }}
{{- range $name, $bridge := .Values.bridges }}
{{- $toml := get $bridge.config "bridge.toml" }}
{{- $table := dict "mqtt" "mqtt" "opcua" "opcua" "tags" "kafka" | dig $bridge.source "" }}
{{- if not (regexMatch (printf "(?m)^\\[%s\\]" $table) $toml) }}
{{- $faults = append $faults (printf "bridges.%s.source is %s, but its bridge.toml has no table [%s]" $name $bridge.source $table) }}
{{- end }}
{{- range regexFindAll "(?m)^mapping *= *[\"'][^\"']+[\"']" $toml -1 }}
{{- $file := regexFind "[\"'][^\"']+[\"']" . | trimAll "\"'" }}
{{- if not (hasKey $bridge.config $file) }}
{{- $faults = append $faults (printf "bridges.%s.config has no file %s, which its bridge.toml names as mapping" $name $file) }}
{{- end }}
{{- end }}
{{- if eq $bridge.source "tags" }}
{{- if $bridge.journal }}
{{- $faults = append $faults (printf "bridges.%s.journal is of no use: Kafka itself keeps the tags" $name) }}
{{- end }}
{{- else }}
{{- if not $bridge.journal }}
{{- $faults = append $faults (printf "bridges.%s.journal is missing; give its size, larger than max_bytes" $name) }}
{{- end }}
{{- if not (regexMatch "(?m)^path *= *[\"']/journal/[^\"'/]+[\"']" $toml) }}
{{- $faults = append $faults (printf "bridges.%s keeps its journal where nothing outlives the pod; write path = \"/journal/journal.db\" into [journal] of its bridge.toml" $name) }}
{{- end }}
{{- end }}
{{- if and $.Values.networkPolicy.enabled (not $bridge.egress) }}
{{- if ne $bridge.source "tags" }}
{{- $faults = append $faults (printf "bridges.%s.egress is empty, so the network policy keeps it from its source; say there what it may reach" $name) }}
{{- else if regexMatch "(?m)^\\[format\\.registry\\]" $toml }}
{{- $faults = append $faults (printf "bridges.%s.egress is empty, so the network policy keeps it from its registry of schemas; say there what it may reach" $name) }}
{{- end }}
{{- end }}
{{- range $source := list "MQTT" "OPCUA" "REGISTRY" }}
{{- $user := printf "DETECTOR_%s_USERNAME" $source }}
{{- $password := printf "DETECTOR_%s_PASSWORD_FILE" $source }}
{{- if and (hasKey ($bridge.files | default dict) $password) (not (hasKey ($bridge.settings | default dict) $user)) }}
{{- $faults = append $faults (printf "bridges.%s.files.%s needs bridges.%s.settings.%s" $name $password $name $user) }}
{{- end }}
{{- end }}
{{- range $file, $from := $bridge.files }}
{{- if and (hasKey $from "configMap") (regexMatch "_(KEY|PASSWORD)_FILE$" $file) }}
{{- $faults = append $faults (printf "bridges.%s.files.%s is in a ConfigMap, which everybody may read; give a secret" $name $file) }}
{{- end }}
{{- end }}
{{- end }}
{{- toJson $faults }}
{{- end }}
