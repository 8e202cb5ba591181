{{- define "sd.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- /* Short enough for a Service: that of a bridge may have 20 letters. */}}
{{- define "sd.bridgeName" -}}
{{- printf "%s-bridge-%s" (include "sd.name" .root | trunc 34 | trimSuffix "-") .name }}
{{- end }}

{{- /* Labels that never change; takes {root, part}. */}}
{{- define "sd.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ include "sd.component" . }}
{{- end }}

{{- /* Each bridge is one of its own; takes {root, part: bridge, name, bridge}. */}}
{{- define "sd.component" -}}
{{- if eq .part "bridge" }}{{ printf "bridge-%s" .name }}{{ else }}{{ .part }}{{ end }}
{{- end }}

{{- define "sd.labels" -}}
{{ include "sd.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{- define "sd.image" -}}
{{- $image := .root.Values.image }}
{{- $target := has .part (list "console" "bridge") | ternary .part "worker" }}
{{- $tag := get $image (printf "%sTag" $target) | default (printf "%s-%s" $target .root.Chart.AppVersion) -}}
image: {{ printf "%s:%s" $image.repository $tag | quote }}
imagePullPolicy: {{ $image.pullPolicy }}
{{- end }}

{{- define "sd.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "sd.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- /* Only the worker tells others of alerts, and only it needs to know how; a bridge knows Kafka alone. */}}
{{- define "sd.isFor" -}}
{{- $not := dict "worker" "^$" "bridge" "^(DETECTOR_(ALERTMANAGER_|WEBHOOK_|REDIS_|RULES|PROMOTE|TRACES_)|OTEL_)" }}
{{- if not (regexMatch (get $not .part | default "^(DETECTOR_(ALERTMANAGER|WEBHOOK)|OTEL)_") .name) }}yes{{ end }}
{{- end }}

{{- /* The files that a part is given, as JSON; OpenTelemetry reads no secret from a file. */}}
{{- define "sd.filesFor" -}}
{{- $found := dict }}
{{- range $name, $from := omit .root.Values.files "OTEL_EXPORTER_OTLP_HEADERS" }}
{{- if include "sd.isFor" (dict "part" $.part "name" $name) }}
{{- $_ := set $found $name $from }}
{{- end }}
{{- end }}
{{- with .bridge }}
{{- $_ := merge $found (.files | default dict) }}
{{- end }}
{{- toJson $found }}
{{- end }}

{{- define "sd.env" -}}
{{- $context := . }}
{{- range $name, $value := .root.Values.settings }}
{{- if include "sd.isFor" (dict "part" $context.part "name" $name) }}
- {name: {{ $name }}, value: {{ $value | toString | quote }}}
{{- end }}
{{- end }}
{{- with .bridge }}
{{- range $name, $value := .settings }}
- {name: {{ $name }}, value: {{ $value | toString | quote }}}
{{- end }}
{{- end }}
{{- range $name, $_ := include "sd.filesFor" . | fromJson }}
- {name: {{ $name }}, value: /etc/stream-detector/{{ $name }}}
{{- end }}
{{- if eq .part "worker" }}
{{- with .root.Values.files.OTEL_EXPORTER_OTLP_HEADERS }}
- {name: OTEL_EXPORTER_OTLP_HEADERS, valueFrom: {secretKeyRef: {name: {{ .secret | quote }}, key: {{ .key | quote }}}}}
{{- end }}
{{- end }}
{{- if has .part (list "worker" "console") }}
- {name: DETECTOR_BUNDLE, value: {{ printf "/models/%s" .root.Values.models.first | quote }}}
- {name: DETECTOR_BUNDLES, value: {{ .root.Values.models.url | default "/models" | quote }}}
{{- end }}
{{- if has .part (list "worker" "bridge") }}
- {name: DETECTOR_HEALTH_HOST, value: 0.0.0.0}
- {name: DETECTOR_HEALTH_PORT, value: "8080"}
{{- end }}
{{- include "sd.storeEnv" . }}
{{- end }}

{{- define "sd.storeEnv" -}}
{{- if and .root.Values.models.endpoint (has .part (list "worker" "console")) }}
- {name: AWS_ENDPOINT_URL, value: {{ .root.Values.models.endpoint | quote }}}
{{- end }}
{{- end }}

{{- define "sd.storeEnvFrom" -}}
{{- with .Values.models.credentialsSecret }}
envFrom:
  - secretRef: {name: {{ . | quote }}}
{{- end }}
{{- end }}

{{- define "sd.mounts" -}}
- {name: tmp, mountPath: /tmp}
{{- if has .part (list "worker" "console") }}
- {name: models, mountPath: /models, readOnly: true}
{{- end }}
{{- if include "sd.filesFor" . | fromJson }}
- {name: files, mountPath: /etc/stream-detector, readOnly: true}
{{- end }}
{{- end }}

{{- define "sd.volumes" -}}
- name: tmp
  emptyDir: {sizeLimit: 1Gi}
{{- if has .part (list "worker" "console") }}
- name: models
  {{- if .root.Values.models.claim }}
  persistentVolumeClaim: {claimName: {{ .root.Values.models.claim | quote }}, readOnly: true}
  {{- else }}
  emptyDir: {sizeLimit: 1Gi}
  {{- end }}
{{- end }}
{{- with include "sd.filesFor" . | fromJson }}
- name: files
  projected:
    defaultMode: 0440
    sources:
      {{- range $name, $from := . }}
      - {{ ternary "secret" "configMap" (hasKey $from "secret") }}:
          name: {{ $from.secret | default $from.configMap | quote }}
          items: [{key: {{ $from.key | quote }}, path: {{ $name }}}]
      {{- end }}
{{- end }}
{{- end }}

{{- /* The first model has to be a folder: from a URL it is copied before the program starts,
    and has its name once all of it is there: what an interrupted copy leaves goes. */}}
{{- define "sd.initContainers" -}}
{{- with .root.Values.models }}
{{- if .url }}
initContainers:
  - name: first-model
    {{- include "sd.image" $ | nindent 4 }}
    command: [python, -c]
    args:
      - |
        import shutil, sys
        from pathlib import Path
        from fsspec.core import url_to_fs
        model = Path(sys.argv[2])
        copy = model.with_name(model.name + ".copy")
        shutil.rmtree(copy, ignore_errors=True)
        if not model.exists():
            files, root = url_to_fs(sys.argv[1])
            files.get(root, str(copy), recursive=True)
            copy.rename(model)
      - {{ printf "%s/%s" (trimSuffix "/" .url) .first | quote }}
      - {{ printf "/models/%s" .first | quote }}
    {{- with include "sd.storeEnv" $ }}
    env:
      {{- . | nindent 6 }}
    {{- end }}
    {{- include "sd.storeEnvFrom" $.root | nindent 4 }}
    securityContext:
      {{- include "sd.containerSecurity" . | nindent 6 }}
    resources:
      requests: {cpu: 100m, memory: 128Mi}
      limits: {memory: 256Mi}
    volumeMounts:
      - {name: tmp, mountPath: /tmp}
      - {name: models, mountPath: /models}
{{- end }}
{{- end }}
{{- end }}

{{- /* What all pods have; takes {root, part}. */}}
{{- define "sd.pod" -}}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - {name: {{ . | quote }}}
  {{- end }}
{{- end }}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  {{- include "sd.podSecurity" . | nindent 2 }}
volumes:
  {{- include "sd.volumes" . | nindent 2 }}
{{- end }}

{{- define "sd.placement" -}}
{{- with .nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- /* A rule of a network policy; takes {ports, to}. */}}
{{- define "sd.letOut" -}}
- ports:
    {{- range .ports }}
    - {protocol: TCP, port: {{ . }}}
    {{- end }}
  {{- with .to }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
